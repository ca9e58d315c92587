/** What the API server tells about itself: groups, versions, kinds. Clients that map kinds to paths read it first. */
import { KINDS } from './kinds.js';

/** Of the kinds that stand below `/apis`. */
const GROUPS = [...new Set(KINDS.map(({ apiVersion }) => apiVersion).filter((one) => one.includes('/')))].map(group);

/** The document at a discovery path; nothing for any other path. */
export function discover(path: string): unknown {
  switch (path.replace(/\/$/, '')) {
    case '/version':
      return { major: '1', minor: '34', gitVersion: 'v1.34.0', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS };
    case '/api/v1':
      return resourceList('v1');
    default:
      return ofGroup(path.replace(/\/$/, ''));
  }
}

/** `/apis/kaito.sh` and `/apis/kaito.sh/v1beta1`. */
function ofGroup(path: string): unknown {
  const found = GROUPS.find(({ name }) => path === `/apis/${name}`);
  if (found) return { kind: 'APIGroup', apiVersion: 'v1', ...found };
  const versioned = GROUPS.find(({ preferredVersion }) => path === `/apis/${preferredVersion.groupVersion}`);
  return versioned && resourceList(versioned.preferredVersion.groupVersion);
}

function group(groupVersion: string) {
  const [name, version] = groupVersion.split('/');
  const only = { groupVersion, version };
  return { name, versions: [only], preferredVersion: only };
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
