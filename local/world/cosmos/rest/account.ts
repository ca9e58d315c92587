/**
 * The account, databases and containers: what clients read before they touch items, and the calls that create what is
 * missing.
 */
import { checkReplacement, parseDefinition, requireName } from '../container-definition.js';
import { conflict, notFound } from '../errors.js';
import { etagOf, ridOf } from '../identity.js';
import { parseBody, requireObject } from '../request-body.js';
import type { Container, Database, Store } from '../store/store.js';
import { feed, jsonAnswer, type RestAnswer, type RestRequest, requireMethod } from './message.js';

/** What the query engine of the service announces; clients only look at the limits. */
const QUERY_ENGINE_CONFIGURATION = JSON.stringify({ maxSqlQueryInputLength: 524288, maxJoinsPerSqlQuery: 10 });

const REGION = 'Local';

/** The account with one region, at the address by which the client came: endpoint discovery leads back here. */
export function readAccount({ origin }: RestRequest): RestAnswer {
  const locations = [{ name: REGION, databaseAccountEndpoint: origin }];
  return jsonAnswer(200, {
    id: 'local',
    _rid: 'local',
    _self: '',
    _dbs: '//dbs/',
    media: '//media/',
    addresses: '//addresses/',
    writableLocations: locations,
    readableLocations: locations,
    enableMultipleWriteLocations: false,
    userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    userReplicationPolicy: { asyncReplication: false, minReplicaSetSize: 1, maxReplicasetSize: 1 },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: QUERY_ENGINE_CONFIGURATION,
  });
}

export function handleDatabases(store: Store, { method, body }: RestRequest): RestAnswer {
  if (method === 'GET') return feed('Databases', store.databases().map(databaseBody), '');
  requireMethod(method, 'POST');
  const id = requireName(requireObject(parseBody(body)));
  if (store.database(id)) throw conflict(`Database ${id} already exists.`);
  store.transaction(() => store.createDatabase(id));
  return jsonAnswer(201, databaseBody(store.database(id)!));
}

export function handleDatabase(store: Store, { method, path }: RestRequest): RestAnswer {
  const database = requireDatabase(store, path[1]!);
  if (method === 'GET') return jsonAnswer(200, databaseBody(database));
  requireMethod(method, 'DELETE');
  store.transaction(() => store.deleteDatabase(database.key));
  return { status: 204 };
}

export function handleContainers(store: Store, { method, path, body }: RestRequest): RestAnswer {
  const database = requireDatabase(store, path[1]!);
  if (method === 'GET')
    return feed('DocumentCollections', store.containers(database).map(containerBody), ridOf(database.key));
  requireMethod(method, 'POST');
  const definition = parseDefinition(requireObject(parseBody(body)));
  if (store.container(database.id, definition.id)) throw conflict(`Container ${definition.id} already exists.`);
  store.transaction(() => store.createContainer(database, definition));
  return containerAnswer(201, store.container(database.id, definition.id)!);
}

export function handleContainer(store: Store, { method, path, body }: RestRequest): RestAnswer {
  const container = requireContainer(store, path);
  if (method === 'GET') return containerAnswer(200, container);
  if (method === 'PUT') {
    const definition = parseDefinition(requireObject(parseBody(body)));
    checkReplacement(container.definition, definition);
    store.transaction(() => store.replaceContainer(container, definition));
    return containerAnswer(200, requireContainer(store, path));
  }
  requireMethod(method, 'DELETE');
  store.transaction(() => store.deleteContainer(container.key));
  return { status: 204 };
}

/** One range for everything: the server evaluates whole queries, so clients have nothing to merge. */
export function readPartitionKeyRanges(store: Store, { path, method }: RestRequest): RestAnswer {
  requireMethod(method, 'GET');
  const container = requireContainer(store, path);
  const range = {
    id: '0',
    _rid: `${ridOf(container.databaseKey, container.key)}`,
    minInclusive: '',
    maxExclusive: 'FF',
    status: 'online',
    parents: [],
  };
  return feed('PartitionKeyRanges', [range], range._rid);
}

function requireDatabase(store: Store, id: string): Database {
  const database = store.database(id);
  if (!database) throw notFound(`Database ${id}`);
  return database;
}

/** The container that a path starts with: `dbs/{database}/colls/{container}/…`. */
export function requireContainer(store: Store, path: readonly string[]): Container {
  const [, databaseId, , id] = path as [string, string, string, string];
  const container = store.container(databaseId, id);
  if (!container) throw notFound(`Container ${databaseId}/${id}`);
  return container;
}

function databaseBody({ key, id }: Database) {
  const rid = ridOf(key);
  return { id, _rid: rid, _self: `dbs/${rid}/`, _etag: etagOf(key), _colls: 'colls/', _users: 'users/', _ts: 0 };
}

function containerAnswer(status: number, container: Container): RestAnswer {
  const body = containerBody(container);
  return jsonAnswer(status, body, { etag: body._etag });
}

function containerBody({ key, databaseKey, definition, lsn }: Container) {
  const { id, partitionKey, defaultTtl, uniqueKeyPolicy } = definition;
  const rid = ridOf(databaseKey, key);
  const kind = partitionKey.paths.length > 1 ? 'MultiHash' : 'Hash';
  return {
    id,
    partitionKey: { paths: partitionKey.paths, kind, version: 2 },
    indexingPolicy: { indexingMode: 'consistent', automatic: true, includedPaths: [{ path: '/*' }], excludedPaths: [] },
    ...(defaultTtl === undefined ? {} : { defaultTtl }),
    uniqueKeyPolicy: uniqueKeyPolicy ?? { uniqueKeys: [] },
    conflictResolutionPolicy: { mode: 'LastWriterWins', conflictResolutionPath: '/_ts' },
    geospatialConfig: { type: 'Geography' },
    _rid: rid,
    _self: `dbs/${ridOf(databaseKey)}/colls/${rid}/`,
    _etag: etagOf(lsn),
    _ts: 0,
    _docs: 'docs/',
    _sprocs: 'sprocs/',
    _triggers: 'triggers/',
    _udfs: 'udfs/',
    _conflicts: 'conflicts/',
  };
}
