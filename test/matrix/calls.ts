/**
 * How the matrix names a call: the service, what is done, and to which type of thing, without the names of teams, models and ids. Two calls of
 * one name are one row.
 */

/** `API Management: PUT products`. */
export type Verb = string;

/** One call that was seen, and what its text says of whom it is for. */
export interface Call {
  verb: Verb;
  /** Path, partition or body: where the name of a subject may stand. */
  text: string;
}

export const serviceOf = (verb: Verb): string => verb.slice(0, verb.indexOf(': '));

/** A call that changes nothing. */
export const isRead = (verb: Verb): boolean =>
  /: (GET|read|list|POST .*\/(listSecrets|listClusterUserCredential)$)/.test(verb);

export const isRemoval = (verb: Verb): boolean => / DELETE /.test(verb);

const PROVIDERS: Record<string, string> = {
  'microsoft.apimanagement': 'API Management',
  'microsoft.cognitiveservices': 'Foundry',
  'microsoft.containerservice': 'AKS',
  'microsoft.network': 'Private DNS',
  'microsoft.authorization': 'Roles',
};

/** Types that every id of a provider begins with say nothing. */
const OUTER_TYPES = /^(service|privateDnsZones|managedClusters)\//;

/** A request to the simulated Azure. */
export function azureVerb(service: string, method: string, path: string): Verb {
  switch (service) {
    case 'arm':
      return armVerb(method, path);
    case 'vault':
      return `Key Vault: ${method} ${segments(path)[0]}`;
    case 'kubernetes':
      return `Kubernetes: ${method} ${kubernetesType(method, path)}`;
    case 'gateway':
      return `AI gateway: ${method} ${segments(path).slice(2).join('/')}`;
    case 'identity':
      return `Identity: ${method} token`;
    default:
      return `Model server: ${method} ${segments(path).at(-1)}`;
  }
}

const segments = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

/** By the last provider in the path: a role is given the same way wherever it is. */
function armVerb(method: string, path: string): Verb {
  const [provider = '', ...rest] = segments(path.split(/\/providers\//i).at(-1)!);
  return `${PROVIDERS[provider.toLowerCase()] ?? provider}: ${method} ${typesOf(rest)}`;
}

/** Types without names; an odd one at the end is a list or an action. */
function typesOf(rest: string[]): string {
  const types = rest.filter((_, index) => index % 2 === 0).join('/');
  const inner = types.replace(OUTER_TYPES, '').replace(/locations\/(resourceGroups\/)?/i, '');
  const isList = rest.length % 2 === 1 && !/^list/.test(rest.at(-1)!);
  return isList ? `${inner} (list)` : inner;
}

function kubernetesType(method: string, path: string): string {
  const [, rest = ''] = path.split('/namespaces/');
  const [, type = 'namespaces', name] = segments(rest);
  return name || method !== 'GET' ? type : `${type} (list)`;
}

/** A request to Cosmos DB on documents; undefined for what is only about the account and its containers. */
export function cosmosVerb(method: string, path: string, body: string): Verb | undefined {
  const [, id] = /\/docs(?:\/([^/]+))?$/.exec(decodeURIComponent(path)) ?? [];
  if (!/\/docs(\/|$)/.test(path)) return undefined;
  if (method === 'GET') return `Cosmos DB: read ${typeOfId(id ?? '')}`;
  if (method === 'PATCH') return `Cosmos DB: write ${typeOfId(id ?? '')}`;
  const given: unknown = JSON.parse(body);
  if (Array.isArray(given)) return `Cosmos DB: write ${typesIn(given as BatchOperation[])}`;
  const query = (given as { query?: string; parameters?: { value: unknown }[] }) ?? {};
  if (query.query) return `Cosmos DB: list ${queryType(query.query, query.parameters ?? [])}`;
  return `Cosmos DB: write ${(given as { type?: string }).type ?? 'a document'}`;
}

interface BatchOperation {
  operationType: string;
  id?: string;
  resourceBody?: { id?: string; type?: string };
}

const typesIn = (operations: readonly BatchOperation[]): string =>
  [...new Set(operations.map(({ id, resourceBody }) => typeOfId(resourceBody?.id ?? id ?? '')))].join(' + ');

const PREFIXES: Record<string, string> = {
  entry: 'ledger entry',
  event: 'event',
  plan: 'plan',
  survey: 'survey',
  receipt: 'receipt',
  claim: 'claim',
  arm: 'pace',
};

/** What a document is, by how its id is made. */
function typeOfId(id: string): string {
  if (['team', 'model'].includes(id)) return id;
  if (id === 'ledger') return 'ledger head';
  return PREFIXES[id.slice(0, id.indexOf('_'))] ?? 'operation';
}

const PLURALS: Record<string, string> = { 'ledger-entry': 'ledger entries', outbox: 'events' };

function queryType(text: string, parameters: { value: unknown }[]): string {
  const type = parameters.find(({ value }) => typeof value === 'string')?.value ?? /c\.type = '(\w+)'/.exec(text)?.[1];
  const isMoving = text.includes('c.phase IN');
  return `${isMoving ? 'moving ' : ''}${PLURALS[String(type)] ?? `${String(type)}s`}${text.includes('TOP') ? ' of all' : ''}`;
}

export const busVerb = (does: 'send' | 'receive', entity: string): Verb => `Service Bus: ${does} ${entity}`;
