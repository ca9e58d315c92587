/** Refusals of the Kubernetes API: `Status` objects. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
import type { Answer } from '../http.js';

const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export class StatusError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly reason = REASONS[code] ?? 'Unknown',
    readonly causes: { field: string; message: string; reason: string }[] = [],
  ) {
    super(message);
  }
}

export function statusAnswer(
  code: number,
  message: string,
  reason = REASONS[code] ?? 'Unknown',
  causes: unknown[] = [],
): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details: { causes },
    code,
  };
  return { status: code, body };
}
