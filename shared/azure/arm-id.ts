/** ARM ids, taken apart for the SDKs, which want the names one by one. */

export interface ArmId<Types extends readonly string[]> {
  azureSubscriptionId: string;
  resourceGroup: string;
  /** One for each type, from the outermost resource inwards. */
  names: { [Index in keyof Types]: string };
}

const RESOURCE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/[^/]+\/(.+)$/i;

/** Throws when the id is not that of a resource of these types (`service`, `products`): it was put together wrongly. */
export function parseArmId<const Types extends readonly string[]>(id: string, ...types: Types): ArmId<Types> {
  const [, azureSubscriptionId, resourceGroup, path] = RESOURCE.exec(id) ?? [];
  const segments = path?.split('/') ?? [];
  const isMeant =
    segments.length === types.length * 2 &&
    types.every((type, index) => segments[index * 2]?.toLowerCase() === type.toLowerCase()) &&
    segments.every((segment) => segment !== '');
  if (!azureSubscriptionId || !resourceGroup || !isMeant) throw new Error(`"${id}" is no id of ${types.join('/')}`);
  const names = types.map((_, index) => segments[index * 2 + 1]) as ArmId<Types>['names'];
  return { azureSubscriptionId, resourceGroup, names };
}

/** The Azure subscription that any ARM id stands under. */
export function azureSubscriptionOf(id: string): string {
  const [, azureSubscriptionId] = /^\/subscriptions\/([^/]+)\//i.exec(id) ?? [];
  if (!azureSubscriptionId) throw new Error(`"${id}" is no ARM id`);
  return azureSubscriptionId;
}

/** Last segment of an id. */
export const lastOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
