/** What the API server tells about itself: groups, versions, kinds. Clients that map kinds to paths read it first. */
import { KINDS } from './kinds.js';

const KAITO = { groupVersion: 'kaito.sh/v1beta1', version: 'v1beta1' };

/** The document at a discovery path; nothing for any other path. */
export function discover(path: string): unknown {
  switch (path.replace(/\/$/, '')) {
    case '/version':
      return { major: '1', minor: '34', gitVersion: 'v1.34.0', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: [group()] };
    case '/apis/kaito.sh':
      return { kind: 'APIGroup', apiVersion: 'v1', ...group() };
    case '/api/v1':
      return resourceList('v1');
    case `/apis/${KAITO.groupVersion}`:
      return resourceList(KAITO.groupVersion);
    default:
      return undefined;
  }
}

function group() {
  return { name: 'kaito.sh', versions: [KAITO], preferredVersion: KAITO };
}

function resourceList(groupVersion: string) {
  const resources = KINDS.filter(({ apiVersion }) => apiVersion === groupVersion).map(
    ({ kind, namespaced, plural, verbs }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs,
    }),
  );
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
