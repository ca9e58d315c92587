/** Named values: texts that policies refer to as `{{name}}`, plain, secret, or kept in Key Vault. */
import { z } from 'zod';
import type { Json, Resource, ResourceType } from '../../arm/resource-type.js';
import { descendants, readResource, resourcesOfType, saveResource } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';
import { requireSoundPolicies, requireUnused } from '../../policy-library.js';
import { hasRole, ROLE } from '../../roles.js';
import type { Secret } from '../../vault/secrets.js';
import { envelope, readOnly } from '../schema.js';
import { entity, invalid, LIMITS, requireWritable, SERVICE, serviceAbove, serviceId } from './common.js';

const properties = z.strictObject({
  displayName: z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9-._]+$/, 'letters, digits, dash, dot and underscore only'),
  value: z.string().max(4096).optional(),
  keyVault: z
    .strictObject({ secretIdentifier: z.string(), identityClientId: z.string().optional(), lastStatus: readOnly })
    .optional(),
  secret: z.boolean().optional(),
  tags: z.array(z.string()).max(32).optional(),
  provisioningState: readOnly,
});

type Properties = Partial<z.output<typeof properties>>;

/** Only a value that is fetched from Key Vault takes time. */
const fetching = {
  latency: 'apiManagementSecret',
  headers: true,
  applies: ({ body }: { body: Json }) => (body['properties'] as Properties).keyVault !== undefined,
} as const;

export const namedValues: ResourceType = {
  ...entity,
  type: `${SERVICE}/namedValues`,
  limit: { count: () => LIMITS.namedValues },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties }),
  patch: z.strictObject({ ...envelope, properties: properties.partial() }),
  creation: fetching,
  update: fetching,
  beforeWrite(call, existing) {
    requireWritable(call);
    const wanted = call.body['properties'] as Properties | undefined;
    if (!wanted) return;
    const merged = { ...existing?.properties, ...wanted };
    if (!existing && (merged.value === undefined) === (merged.keyVault === undefined)) {
      throw invalid('value', 'either value or keyVault is required');
    }
    const twin = descendants(call.azure, `${serviceId(call)}/namedValues`).find(
      (other) => other.name !== existing?.name && other.properties['displayName'] === merged.displayName,
    );
    if (twin) throw invalid('displayName', `the named value '${twin.name}' has it already`);
  },
  build(call, existing) {
    const { value, ...shown } = call.body['properties'] as Properties;
    const text = value ?? existing?.hidden?.['value'] ?? existing?.properties['value'];
    const isHidden = shown.secret === true || shown.keyVault !== undefined;
    return {
      properties: { secret: false, ...shown, ...(isHidden ? {} : { value: text }) },
      hidden: isHidden ? { value: text } : undefined,
    };
  },
  completed(azure, resource) {
    if (resource.properties['keyVault']) fetchSecret(azure, resource);
    requireSoundPolicies(azure, serviceAbove(resource));
  },
  beforeDelete: ({ azure }, resource) =>
    requireUnused(azure, serviceAbove(resource), 'name', String(resource.properties['displayName'])),
  actions: {
    listValue: (_call, { hidden, properties: shown }) => ({
      status: 200,
      body: { value: hidden?.['value'] ?? shown['value'] },
    }),
    refreshSecret({ azure }, resource) {
      fetchSecret(azure, resource);
      return { status: 200 };
    },
  },
};

/** Reads the secret with the service's own identity, as the real service does; what fails is told by the operation (texts assumed). */
function fetchSecret(azure: Azure, resource: Resource): void {
  const keyVault = resource.properties['keyVault'] as { secretIdentifier: string };
  const [, name = '', version] = /\/secrets\/([^/]+)(?:\/([^/]+))?/.exec(keyVault.secretIdentifier) ?? [];
  const [vault] = resourcesOfType(azure, 'Microsoft.KeyVault/vaults');
  const principalId = readResource(azure, serviceAbove(resource))?.identity?.['principalId'];
  const roles = [ROLE.vaultAdministrator, ROLE.vaultSecretsOfficer, ROLE.vaultSecretsUser];
  if (typeof principalId !== 'string' || !hasRole(azure, principalId, roles, `${vault?.id}/secrets/${name}`)) {
    throw invalid('keyVault', `the service's identity may not read the secret '${name}'`);
  }
  const secret = azure.store.get<Secret>('secrets', name.toLowerCase());
  const versions = secret?.deletedMs === undefined ? (secret?.versions ?? []) : [];
  const found = version ? versions.find((one) => one.version === version) : versions.at(-1);
  if (!found?.enabled) throw invalid('keyVault', `the secret '${name}' was not found`);
  const lastStatus = { code: 'Success', timeStampUtc: new Date(azure.clock.now()).toISOString() };
  const shown = { ...resource.properties, keyVault: { ...keyVault, lastStatus } };
  saveResource(azure, { ...resource, properties: shown, hidden: { value: found.value } });
}
