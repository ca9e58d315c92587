/**
 * Pages by key: each begins behind the last item of the one before. Unlike the database's own continuation it survives new releases and topologies,
 * costs the same for every page, and cannot be made to fail by whoever sends it back.
 */
import type { Container, SqlParameter } from '@azure/cosmos';
import type { Page, PageKey } from '../application/store.js';
import { azureCall } from '../azure/azure-error.js';
import { withoutSystemFields } from './cosmos.js';

export interface PagedQuery {
  /** For errors: `list operations`. */
  what: string;
  /** Properties that the page shows, as an alias-free projection of `c`. */
  select: string;
  conditions: readonly string[];
  parameters: readonly SqlParameter[];
  /** Properties that order the list, the last one unique; all in one direction. */
  keys: readonly string[];
  isDescending: boolean;
}

/** One page, and the key that the next begins behind. */
export async function readPage<Item>(
  container: Container,
  query: PagedQuery,
  pageSize: number,
  after?: PageKey,
): Promise<Page<Item>> {
  const { what, select, keys, isDescending } = query;
  const conditions = [...query.conditions, ...(after ? [behind(keys, isDescending)] : [])];
  const order = keys.map((key) => `c.${key} ${isDescending ? 'DESC' : 'ASC'}`).join(', ');
  const text = `SELECT TOP @max ${select} FROM c WHERE ${conditions.join(' AND ')} ORDER BY ${order}`;
  const parameters = [
    ...query.parameters,
    // One more than a page: whether there is a next one is then known without asking again.
    { name: '@max', value: pageSize + 1 },
    ...(after ?? []).map((value, index) => ({ name: `@after${index}`, value })),
  ];
  const { resources } = await azureCall('cosmos', what, () =>
    container.items.query<Record<string, unknown>>({ query: text, parameters }).fetchAll(),
  );
  const items = resources.slice(0, pageSize).map(withoutSystemFields<Item & Record<string, unknown>>);
  const last = items.at(-1);
  return {
    items,
    ...(resources.length > pageSize && { next: keys.map((key) => String(last![key])) }),
  };
}

/** The first key decides, and each next one where those before are the same. */
function behind(keys: readonly string[], isDescending: boolean): string {
  const sign = isDescending ? '<' : '>';
  const cases = keys.map((key, index) => {
    const same = keys.slice(0, index).map((former, place) => `c.${former} = @after${place}`);
    return [...same, `c.${key} ${sign} @after${index}`].join(' AND ');
  });
  return `(${cases.map((one) => `(${one})`).join(' OR ')})`;
}
