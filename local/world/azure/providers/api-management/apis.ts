/** APIs with their operations: deployed by Bicep, read by the control plane; writable, so that a test can change them. */
import { z } from 'zod';
import { keyOf } from '../../arm/resource-id.js';
import type { ResourceType } from '../../arm/resource-type.js';
import { descendants, removeResource } from '../../arm/resources.js';
import { envelope, readOnly } from '../schema.js';
import { entity, invalid, requireActiveService, SERVICE, serviceId } from './common.js';

/** Import formats need a converter that a simulator does without: they are refused as unknown properties. */
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
});

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
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties: apiProperties }),
  patch: z.strictObject({ ...envelope, properties: apiProperties.partial() }),
  beforeWrite(call) {
    requireActiveService(call);
    const path = (call.body['properties'] as { path?: string } | undefined)?.path;
    const clash = descendants(call.azure, serviceId(call), `${SERVICE}/apis`).find(
      (other) => keyOf(other.id) !== call.key && other.properties['path'] === path,
    );
    if (path !== undefined && clash) throw invalid('path', `the API '${clash.name}' has the path '${path}' already`);
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
  nameRule: /^[^*#&+:<>?]{1,80}$/,
  body: z.strictObject({ ...envelope, properties: operationProperties }),
  patch: z.strictObject({ ...envelope, properties: operationProperties.partial() }),
};

export const apis: ResourceType[] = [api, operation];
