/**
 * Refusals of Azure Resource Manager and its resource providers, in the one envelope they all use.
 * https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/common-api-details.md#error-response-content
 */
import type { z } from 'zod';
import type { Answer } from '../http.js';
import type { ResourceId } from './resource-id.js';

export interface ErrorDetail {
  code: string;
  target?: string;
  message: string;
}

/** Thrown anywhere below the ARM server; answered as `{ error: { code, message, details } }`. */
export class ArmError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details?: ErrorDetail[],
    readonly headers?: Record<string, string>,
  ) {
    super(message);
  }
}

export function errorAnswer(status: number, code: string, message: string, details?: ErrorDetail[]): Answer {
  return { status, body: { error: { code, message, details } } };
}

export function notFound(what: string): ArmError {
  return new ArmError(404, 'ResourceNotFound', `${what} was not found.`);
}

export function resourceNotFound({ names, scope, type }: ResourceId): ArmError {
  return notFound(`The Resource '${type}/${names.join('/')}' under '${scope}'`);
}

/** 400 with one detail for each thing a schema found. */
export function invalidBody(error: z.ZodError, code = 'ValidationError'): ArmError {
  const details = error.issues.map((issue) => ({
    code,
    target: issue.path.map(String).join('.'),
    message: issue.message,
  }));
  const summary = details.map((detail) => (detail.target ? `${detail.target}: ${detail.message}` : detail.message));
  return new ArmError(400, code, `One or more fields contain incorrect values: ${summary.join('; ')}`, details);
}
