/**
 * Finds the handler of a request. https://learn.microsoft.com/rest/api/cosmos-db/cosmosdb-resource-uri-syntax-for-rest
 */
import { badRequest, CosmosError, notFound } from '../errors.js';
import type { CosmosFaults } from '../faults.js';
import type { Store } from '../store/store.js';
import {
  handleContainer,
  handleContainers,
  handleDatabase,
  handleDatabases,
  readAccount,
  readPartitionKeyRanges,
} from './account.js';
import type { Caller } from './auth.js';
import { documentScope } from './document-scope.js';
import { handleDocument, handleDocuments } from './documents.js';
import type { RestAnswer, RestRequest } from './message.js';

/** Parts of the service that this server leaves out; offers as in a serverless account, which has no throughput to read. */
const UNSUPPORTED = [
  'sprocs',
  'triggers',
  'udfs',
  'users',
  'permissions',
  'conflicts',
  'attachments',
  'offers',
  'clientencryptionkeys',
];

export function route(store: Store, faults: CosmosFaults, request: RestRequest, caller: Caller): RestAnswer {
  const { path, method } = request;
  const excluded = path.find((segment, index) => index % 2 === 0 && UNSUPPORTED.includes(segment));
  if (excluded !== undefined) throw badRequest(`'${excluded}' is not supported by this server.`);
  if (path.length <= 4 && method !== 'GET' && caller === 'token')
    throw new CosmosError(
      403,
      'Request blocked by Auth: databases and containers cannot be changed with a token in the data plane.',
    );
  switch (shapeOf(path)) {
    case '':
      return readAccount(request);
    case 'dbs':
      return handleDatabases(store, request);
    case 'dbs/*':
      return handleDatabase(store, request);
    case 'dbs/*/colls':
      return handleContainers(store, request);
    case 'dbs/*/colls/*':
      return handleContainer(store, request);
    case 'dbs/*/colls/*/pkranges':
      return readPartitionKeyRanges(store, request);
    case 'dbs/*/colls/*/docs':
      return handleDocuments(documentScope(store, faults, request));
    case 'dbs/*/colls/*/docs/*':
      return handleDocument(documentScope(store, faults, request));
    default:
      throw notFound(`Path /${path.join('/')}`);
  }
}

/** Every second segment is an id: two containers have the same shape. */
const shapeOf = (path: string[]) => path.map((segment, index) => (index % 2 === 0 ? segment : '*')).join('/');
