/** Reads an OpenAPI 3 document into what an API becomes by importing it: a name, a backend and operations. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { Json } from '../../arm/resource-type.js';
import { invalid } from './common.js';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

const parameter = z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional() });

const method = z.looseObject({
  operationId: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  parameters: z.array(parameter.or(z.looseObject({ $ref: z.string() }))).optional(),
});

const document = z.looseObject({
  openapi: z.string().startsWith('3.'),
  info: z.looseObject({ title: z.string(), description: z.string().optional() }),
  servers: z.array(z.looseObject({ url: z.string() })).optional(),
  paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), method).and(z.looseObject({}))),
});

export interface ImportedOperation {
  name: string;
  properties: Json;
}

export interface ImportedApi {
  displayName: string;
  description?: string;
  serviceUrl?: string;
  operations: ImportedOperation[];
}

/** Throws the 400 of a text that is no OpenAPI 3 document; `format` as the service names it. */
export function readOpenApi(format: string, text: string): ImportedApi {
  if (format !== 'openapi' && format !== 'openapi+json') {
    throw invalid('format', `'${format}' is not simulated: openapi and openapi+json are`);
  }
  const result = document.safeParse(parsed(text));
  if (!result.success) throw invalid('value', `no OpenAPI 3 document: ${z.prettifyError(result.error)}`);
  const { info, paths, servers } = result.data;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((name) => {
      const given = item[name];
      return given ? [operationOf(path, name, given)] : [];
    }),
  );
  return { displayName: info.title, description: info.description, serviceUrl: servers?.[0]?.url, operations };
}

/** JSON is YAML, too. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid('value', `cannot be parsed: ${(error as Error).message}`);
  }
}

/** Without an operation id the name follows from method and path (normalisation rules of the import, documented). */
function operationOf(path: string, name: string, given: z.output<typeof method>): ImportedOperation {
  const id = given.operationId ?? `${name}-${path}`;
  const templateParameters = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameterName]) => ({
    name: parameterName,
    type: 'string',
    required: true,
  }));
  const { description, summary } = given;
  return {
    name: id
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 76),
    properties: {
      displayName: summary ?? given.operationId ?? path,
      method: name.toUpperCase(),
      urlTemplate: path,
      templateParameters,
      ...(description ? { description: description.slice(0, 1_000) } : {}),
    },
  };
}
