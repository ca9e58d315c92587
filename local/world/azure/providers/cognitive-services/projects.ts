/** Projects of an account. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import type { Json, ResourceType } from '../../arm/resource-type.js';
import { descendants, withPrincipal } from '../../arm/resources.js';
import { envelope, identity, location, readOnly, tags } from '../schema.js';
import {
  ACCOUNTS,
  accountId,
  accountOf,
  oneWriteForEachAccount,
  PROJECT_API_VERSIONS,
  RESOURCE_NAME,
  requireQuietAccount,
} from './common.js';

/** https://learn.microsoft.com/azure/foundry/foundry-models/quotas-limits */
const PROJECTS_MAX = 250;

const projectBody = z.strictObject({
  ...envelope,
  location: location.optional(),
  identity: identity.optional(),
  tags: tags.optional(),
  properties: z
    .strictObject({
      displayName: z.string().optional(),
      description: z.string().optional(),
      isDefault: readOnly,
      endpoints: readOnly,
      provisioningState: readOnly,
    })
    .prefault({}),
});

export const project: ResourceType = {
  type: `${ACCOUNTS}/projects`,
  apiVersions: PROJECT_API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: RESOURCE_NAME,
  body: projectBody,
  patch: projectBody.partial(),
  etagInBody: true,
  creation: { latency: 'foundryProject' },
  deletion: { latency: 'foundryDelete' },
  contention: oneWriteForEachAccount,
  limit: { count: () => PROJECTS_MAX },
  beforeWrite(call, existing) {
    requireQuietAccount(call);
    if (accountOf(call)?.properties['allowProjectManagement'] !== true) {
      throw new ArmError(400, 'BadRequest', 'The account does not allow projects: allowProjectManagement is not true.');
    }
    if (!existing && !call.body['identity']) {
      throw new ArmError(400, 'InvalidRequestBody', 'A project needs a managed identity.');
    }
  },
  build(call, existing) {
    const { azure, body, key } = call;
    const first = descendants(azure, accountId(call), `${ACCOUNTS}/projects`).length === 0;
    return {
      location: String(body['location'] ?? accountOf(call)?.location),
      identity: withPrincipal(azure, key, body['identity'] as Json | undefined, existing),
      properties: { ...(body['properties'] as Json), isDefault: existing?.properties['isDefault'] ?? first },
    };
  },
  represent(_azure, { id, name, properties }) {
    const account = id.split('/').at(-3);
    const endpoint = `https://${account}.services.ai.azure.com/api/projects/${name}`;
    return { properties: { ...properties, endpoints: { 'AI Foundry API': endpoint } } };
  },
};
