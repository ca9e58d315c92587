/** Loggers and the diagnostics that use them, of the service and of one API. Nothing is logged anywhere: they are kept and shown. */
import { z } from 'zod';
import type { Call, Json, ResourceType } from '../../arm/resource-type.js';
import { envelope } from '../schema.js';
import { entity, invalid, LIMITS, oneWriteForEachApi, requireWritable, SERVICE, sibling } from './common.js';

const loggerProperties = z.strictObject({
  loggerType: z.enum(['azureEventHub', 'applicationInsights', 'azureMonitor']),
  description: z.string().max(256).optional(),
  credentials: z.record(z.string(), z.string()).optional(),
  isBuffered: z.boolean().optional(),
  resourceId: z.string().optional(),
});

const logger: ResourceType = {
  ...entity,
  type: `${SERVICE}/loggers`,
  limit: { count: () => LIMITS.loggers },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties: loggerProperties }),
  patch: z.strictObject({ ...envelope, properties: loggerProperties.partial() }),
  build(call, existing) {
    const { credentials, ...shown } = call.body['properties'] as Json;
    return { properties: shown, hidden: credentials ? { credentials } : existing?.hidden };
  },
};

const pipeline = z.looseObject({}).optional();

const diagnosticProperties = z.strictObject({
  loggerId: z.string(),
  alwaysLog: z.literal('allErrors').optional(),
  sampling: z
    .strictObject({ samplingType: z.literal('fixed').optional(), percentage: z.number().min(0).max(100).optional() })
    .optional(),
  frontend: pipeline,
  backend: pipeline,
  largeLanguageModel: pipeline,
  logClientIp: z.boolean().optional(),
  httpCorrelationProtocol: z.enum(['None', 'Legacy', 'W3C']).optional(),
  verbosity: z.enum(['verbose', 'information', 'error']).optional(),
  operationNameFormat: z.enum(['Name', 'Url']).optional(),
  metrics: z.boolean().optional(),
});

function diagnosticsOf(type: string): ResourceType {
  return {
    ...entity,
    type: `${type}/diagnostics`,
    nameRule: /^(applicationinsights|azuremonitor|azureeventhub)$/i,
    body: z.strictObject({ ...envelope, properties: diagnosticProperties }),
    patch: z.strictObject({ ...envelope, properties: diagnosticProperties.partial() }),
    contention: oneWriteForEachApi,
    beforeWrite: requireLogger,
  };
}

/** The logger is named by its full id or by `/loggers/{name}`. */
function requireLogger(call: Call): void {
  requireWritable(call);
  const wanted = (call.body['properties'] as { loggerId?: string } | undefined)?.loggerId;
  if (wanted === undefined) return;
  const [, name] = /\/loggers\/([^/]+)$/i.exec(wanted) ?? [];
  if (!name || !sibling(call, `loggers/${name}`)) throw invalid('loggerId', `'${wanted}' names no logger`);
}

export const loggers: ResourceType[] = [logger, ...[SERVICE, `${SERVICE}/apis`].map(diagnosticsOf)];
