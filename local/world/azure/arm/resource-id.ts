/**
 * Resource ids: taking one apart, whatever its letter case, and telling a resource from a collection and from an action on a resource.
 */

export interface ResourceId {
  /** `Microsoft.ApiManagement/service/products`; case as sent. Empty for what lies outside of a provider. */
  type: string;
  /** Names along the type, outermost first. */
  names: string[];
  /** Where the provider starts: `/subscriptions/x/resourceGroups/y`, a resource (role assignments), or nothing. Case as sent. */
  scope: string;
  subscriptionId?: string;
  resourceGroup?: string;
  /** `GET` of an odd path lists what stands here; `POST` runs the action of this name. */
  trailing?: string;
}

/** Reads a path below the host. Returns nothing for what is no resource path at all. */
export function parsePath(path: string): ResourceId | undefined {
  let segments: string[];
  try {
    segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const lower = segments.map((segment) => segment.toLowerCase());
  const providersAt = lastProviders(lower);
  const scopeSegments = providersAt < 0 ? segments : segments.slice(0, providersAt);
  const [root, subscriptionId, groups, resourceGroup] = scopeSegments;
  if (root?.toLowerCase() !== 'subscriptions') return undefined;
  const inGroup = groups?.toLowerCase() === 'resourcegroups';
  const common = { subscriptionId, resourceGroup: inGroup ? resourceGroup : undefined };
  if (providersAt < 0) return parseScope(scopeSegments, common);
  const [namespace, ...pairs] = segments.slice(providersAt + 1);
  if (!namespace || pairs.length === 0) return undefined;
  const types = pairs.filter((_, index) => index % 2 === 0);
  const names = pairs.filter((_, index) => index % 2 === 1);
  const trailing = types.length > names.length ? types.pop() : undefined;
  return { type: [namespace, ...types].join('/'), names, scope: `/${scopeSegments.join('/')}`, trailing, ...common };
}

/** `providers` starts a provider only at a place where a name or a type cannot stand. */
function lastProviders(lower: string[]): number {
  let found = -1;
  for (let at = 0; at < lower.length; ) {
    if (lower[at] === 'providers') {
      found = at;
      at += 2;
    } else at += 2;
  }
  return found;
}

function parseScope(segments: string[], common: Pick<ResourceId, 'subscriptionId' | 'resourceGroup'>) {
  if (segments.length === 2) return { type: 'Microsoft.Resources/subscriptions', names: [], scope: '', ...common };
  const [, subscriptionId, groups, name, ...rest] = segments;
  if (groups?.toLowerCase() !== 'resourcegroups' || rest.length > 0) return undefined;
  const scope = `/subscriptions/${subscriptionId}`;
  const type = 'Microsoft.Resources';
  if (name === undefined) return { type, names: [], scope, trailing: 'resourceGroups', ...common };
  return { type: `${type}/resourceGroups`, names: [name], scope, ...common };
}

/** The key under which a resource is stored. */
export function keyOf(id: string): string {
  return `/${id.split('/').filter(Boolean).join('/')}`.toLowerCase();
}

/** The key of the resource itself, or of the one on which an action runs or whose children are listed. */
export function resourceKey(id: ResourceId): string {
  if (id.type === 'Microsoft.Resources/resourceGroups') return keyOf(`${id.scope}/resourceGroups/${id.names[0]}`);
  const [namespace, ...types] = id.type.split('/');
  return keyOf(
    [id.scope, 'providers', namespace, ...types.flatMap((type, at) => [type, id.names[at] ?? ''])].join('/'),
  );
}

/** The key of the resource that holds this one; the scope for a top-level resource. */
export function parentKey(id: ResourceId): string {
  if (id.names.length <= 1) return keyOf(id.scope);
  const [namespace, ...types] = id.type.split('/');
  const inner = types.slice(0, -1).flatMap((type, index) => [type, id.names[index] ?? '']);
  return keyOf([id.scope, 'providers', namespace, ...inner].join('/'));
}
