/** Connections of an account or a project: written in one step, answered with 200 always, and their credentials never shown. */
import { z } from 'zod';
import type { Json, ResourceType } from '../../arm/resource-type.js';
import { envelope, readOnly } from '../schema.js';
import { ACCOUNTS, oneWriteForEachAccount, PROJECT_API_VERSIONS, requireQuietAccount } from './common.js';

/** Metadata values are strings; a number or an object is a frequent mistake that the service refuses. */
const metadata = z.record(z.string(), z.string());

const common = {
  category: z.string(),
  target: z.string().optional(),
  isSharedToAll: z.boolean().optional(),
  sharedUserList: z.array(z.string()).optional(),
  metadata: metadata.optional(),
  expiryTime: z.string().optional(),
  error: z.string().optional(),
  peRequirement: z.string().optional(),
  peStatus: z.string().optional(),
  useWorkspaceManagedIdentity: z.boolean().optional(),
  createdByWorkspaceArmId: readOnly,
  group: readOnly,
};

const properties = z.discriminatedUnion('authType', [
  z.strictObject({ ...common, authType: z.literal('ApiKey'), credentials: z.strictObject({ key: z.string().min(1) }) }),
  z.strictObject({
    ...common,
    authType: z.literal('CustomKeys'),
    credentials: z.strictObject({ keys: z.record(z.string(), z.string()) }),
  }),
  z.strictObject({ ...common, authType: z.literal('AAD') }),
  z.strictObject({ ...common, authType: z.literal('None') }),
]);

/** An API Management connection must say where the deployment's name goes, and lists its models in one way. */
const gatewayRules = properties.superRefine((value, context) => {
  if (value.category !== 'ApiManagement') return;
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['metadata'], message });
  const { deploymentInPath, modelDiscovery, models } = value.metadata ?? {};
  if (!value.target) context.addIssue({ code: 'custom', path: ['target'], message: 'is required' });
  if (deploymentInPath !== 'true' && deploymentInPath !== 'false') refuse("deploymentInPath must be 'true' or 'false'");
  if (models !== undefined && modelDiscovery !== undefined) refuse('either models or modelDiscovery, not both');
  for (const [name, text] of Object.entries({ models, modelDiscovery })) {
    if (text !== undefined && !isJson(text)) refuse(`${name} must be JSON text`);
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function connectionsOf(type: string): ResourceType {
  return {
    type: `${type}/connections`,
    apiVersions: PROJECT_API_VERSIONS,
    verbs: ['PUT', 'GET', 'DELETE', 'LIST'],
    nameRule: /^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/,
    body: z.strictObject({ ...envelope, properties: gatewayRules }),
    createdStatus: 200,
    contention: oneWriteForEachAccount,
    beforeWrite: requireQuietAccount,
    build(call) {
      const { credentials, ...shown } = call.body['properties'] as Json;
      return { properties: shown, hidden: { credentials } };
    },
    represent: (_azure, { properties: shown }) => ({ properties: { ...shown, credentials: null } }),
  };
}

export const connections: ResourceType[] = [ACCOUNTS, `${ACCOUNTS}/projects`].map(connectionsOf);
