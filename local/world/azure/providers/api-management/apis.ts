/** APIs with their operations, written one by one or imported from an OpenAPI document. */
import { z } from 'zod';
import { keyOf } from '../../arm/resource-id.js';
import type { LongRunning, ResourceType } from '../../arm/resource-type.js';
import { descendants, removeResource, saveResource } from '../../arm/resources.js';
import { envelope, readOnly } from '../schema.js';
import { entity, invalid, LIMITS, oneWriteForEachApi, requireWritable, SERVICE, serviceId } from './common.js';
import { type ImportedOperation, readOpenApi } from './openapi.js';

const apiProperties = z.strictObject({
  displayName: z.string().min(1).max(300).optional(),
  description: z.string().optional(),
  path: z.string().max(400),
  protocols: z.array(z.enum(['http', 'https', 'ws', 'wss'])).optional(),
  serviceUrl: z.string().max(2000).optional(),
  subscriptionRequired: z.boolean().optional(),
  subscriptionKeyParameterNames: z.strictObject({ header: z.string(), query: z.string() }).optional(),
  type: z.enum(['http']).optional(),
  apiType: z.enum(['http']).optional(),
  apiRevision: z.string().optional(),
  isCurrent: z.boolean().optional(),
  provisioningState: readOnly,
  /** What is imported: a document, and how it is written. */
  format: z.string().optional(),
  value: z.string().optional(),
});

type ApiProperties = Partial<z.output<typeof apiProperties>>;

const importing: LongRunning = {
  latency: 'apiManagementImport',
  headers: true,
  state: 'InProgress',
  applies: ({ body }) => (body['properties'] as ApiProperties).value !== undefined,
};

const operationProperties = z.strictObject({
  displayName: z.string().min(1).max(300),
  method: z.string(),
  urlTemplate: z.string().min(1).max(1000),
  templateParameters: z.array(z.looseObject({ name: z.string(), type: z.string() })).optional(),
  description: z.string().max(1000).optional(),
  request: z.looseObject({}).optional(),
  responses: z.array(z.looseObject({ statusCode: z.int() })).optional(),
});

const api: ResourceType = {
  ...entity,
  type: `${SERVICE}/apis`,
  limit: { count: () => LIMITS.apis },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties: apiProperties }),
  patch: z.strictObject({ ...envelope, properties: apiProperties.partial() }),
  creation: importing,
  update: importing,
  contention: oneWriteForEachApi,
  beforeWrite(call) {
    requireWritable(call);
    const path = (call.body['properties'] as { path?: string } | undefined)?.path;
    const clash = descendants(call.azure, serviceId(call), `${SERVICE}/apis`).find(
      (other) => keyOf(other.id) !== call.key && other.properties['path'] === path,
    );
    if (path !== undefined && clash) throw invalid('path', `the API '${clash.name}' has the path '${path}' already`);
  },
  build(call) {
    const { format = '', value, ...wanted } = call.body['properties'] as ApiProperties;
    if (value === undefined) return { properties: wanted };
    const { operations, ...imported } = readOpenApi(format, value);
    return { properties: { ...imported, ...wanted }, hidden: { operations } };
  },
  completed(azure, resource) {
    const { operations, ...hidden } = resource.hidden ?? {};
    if (!operations) return;
    const createdMs = azure.clock.now();
    for (const old of descendants(azure, resource.id, `${SERVICE}/apis/operations`)) removeResource(azure, old);
    for (const { name, properties } of operations as ImportedOperation[]) {
      const id = `${resource.id}/operations/${name}`;
      saveResource(azure, { id, name, type: `${SERVICE}/apis/operations`, properties, etag: '', createdMs });
    }
    saveResource(azure, { ...resource, hidden });
  },
  /** A product's link to the API goes with the API. */
  deleted(azure, gone) {
    const service = gone.id.slice(0, gone.id.toLowerCase().lastIndexOf('/apis/'));
    for (const link of descendants(azure, service, `${SERVICE}/products/apis`)) {
      if (link.name.toLowerCase() === gone.name.toLowerCase()) removeResource(azure, link);
    }
  },
};

const operation: ResourceType = {
  ...entity,
  type: `${SERVICE}/apis/operations`,
  limit: { count: () => LIMITS.operations },
  nameRule: /^[^*#&+:<>?]{1,80}$/,
  contention: oneWriteForEachApi,
  body: z.strictObject({ ...envelope, properties: operationProperties }),
  patch: z.strictObject({ ...envelope, properties: operationProperties.partial() }),
};

export const apis: ResourceType[] = [api, operation];
