/**
 * Checks the authorization header: a signature with the account key, or a Microsoft Entra token where tokens are
 * accepted.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CosmosError } from '../errors.js';
import { headerOf, type RestRequest } from './message.js';

export interface AccessPolicy {
  /** Base64. */
  key: string;
  acceptTokens: boolean;
}

/** Who asks: tokens may not change databases and containers. */
export type Caller = 'key' | 'token';

/**
 * Throws a 401 unless the request may pass.
 * https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
 */
export function authenticate(request: RestRequest, policy: AccessPolicy): Caller {
  const { type, sig } = parseAuthorization(headerOf(request, 'authorization'));
  if (type === 'aad' && sig !== '') {
    if (policy.acceptTokens) return 'token';
    throw new CosmosError(401, 'This account does not accept Microsoft Entra tokens: start it with acceptTokens.');
  }
  if (type !== 'master') throw new CosmosError(401, 'Required Header authorization is missing or has an unknown type.');
  const payload = payloadOf(request);
  const expected = createHmac('sha256', Buffer.from(policy.key, 'base64')).update(payload).digest();
  const actual = Buffer.from(sig, 'base64');
  if (actual.length === expected.length && timingSafeEqual(actual, expected)) return 'key';
  throw new CosmosError(
    401,
    "The input authorization token can't serve the request. Please check that the expected payload is built as per " +
      `the protocol, and check the key being used. Server used the following payload to sign: ${JSON.stringify(payload)}`,
  );
}

/** Reads `type=master&ver=1.0&sig=…`, which the SDK sends URL-encoded for keys and plain for tokens. */
function parseAuthorization(header = ''): { type?: string; sig: string } {
  const text = header.includes('%') ? decodeURIComponentSafely(header) : header;
  const [, type, sig = ''] = /^type=(\w+)&ver=[\d.]+&sig=(.*)$/s.exec(text) ?? [];
  return { type, sig };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/**
 * What the client signs: verb, resource type, resource link and date. A feed such as `dbs/x/colls` belongs to its
 * parent `dbs/x`.
 */
function payloadOf(request: RestRequest): string {
  const { method, path } = request;
  const isFeed = path.length % 2 === 1;
  const type = (isFeed ? path.at(-1) : path.at(-2)) ?? '';
  const link = (isFeed ? path.slice(0, -1) : path).join('/');
  const date = headerOf(request, 'x-ms-date') ?? '';
  return `${method.toLowerCase()}\n${type.toLowerCase()}\n${link}\n${date.toLowerCase()}\n\n`;
}
