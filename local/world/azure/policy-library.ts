/** What policy documents of a service may refer to: its named values and fragments, and who refers to them. */
import { type PolicyLibrary, recordUses, validatePolicy } from '../gateway/index.js';
import { ArmError } from './arm/errors.js';
import type { Resource } from './arm/resource-type.js';
import { descendants, readResource } from './arm/resources.js';
import type { Azure } from './azure.js';

const SERVICE = 'Microsoft.ApiManagement/service';

export function policyLibrary(azure: Azure, serviceId: string): PolicyLibrary {
  return {
    namedValue(name) {
      const found = descendants(azure, `${serviceId}/namedValues`).find(
        ({ properties }) => properties['displayName'] === name,
      );
      return (found?.hidden?.['value'] ?? found?.properties['value']) as string | undefined;
    },
    fragment: (id) =>
      readResource(azure, `${serviceId}/policyFragments/${id}`)?.properties['value'] as string | undefined,
  };
}

/** Refuses a change of a named value or a fragment that would break a policy which uses it (assumed to be refused by Azure, too). */
export function requireSoundPolicies(azure: Azure, serviceId: string): void {
  const library = policyLibrary(azure, serviceId);
  for (const { id, properties } of policiesBelow(azure, serviceId)) {
    const format = properties['format'] === 'rawxml' ? 'rawxml' : 'xml';
    const problem = validatePolicy(String(properties['value']), format, library);
    if (problem) throw new ArmError(400, 'ValidationError', `The policy '${id}' would break: ${problem.message}`);
  }
}

/** Documented: what policies refer to is deleted after the last of them. https://learn.microsoft.com/azure/api-management/policy-fragments */
export function requireUnused(azure: Azure, serviceId: string, kind: 'name' | 'fragment', name: string): void {
  const library = policyLibrary(azure, serviceId);
  const wanted = `${kind}:${name}`.toLowerCase();
  const user = policiesBelow(azure, serviceId).find(({ properties }) =>
    recordUses(String(properties['value']), library).some((use) => use.toLowerCase() === wanted),
  );
  if (!user) return;
  throw new ArmError(400, 'ValidationError', `'${name}' cannot be deleted: the policy '${user.id}' refers to it.`);
}

function policiesBelow(azure: Azure, serviceId: string): Resource[] {
  return descendants(azure, serviceId).filter(({ type }) => type.startsWith(SERVICE) && type.endsWith('/policies'));
}
