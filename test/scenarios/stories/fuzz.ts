/**
 * Thousands of requests that follow the table of routes and nothing else: any path, query, headers and body. Whatever comes, the answer is one that
 * the contract declares or a problem, soon, and never a fault.
 */
import fc from 'fast-check';
import { ROUTES, type RouteContract } from '../../../shared/contracts/api.js';
import { ProblemSchema } from '../../../shared/model/problem.js';
import { request } from '../../support/builders.js';
import { checkAnswer } from '../../support/contract.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const REQUESTS = 2_000;
/** Whoever wants the same requests again sets it: FUZZ_SEED. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
/** The slowest door reads 64 KiB and writes a transaction. */
const ANSWER_MS_MAX = 5_000;

const HEADERS: Record<string, fc.Arbitrary<string>> = {
  'content-type': fc.oneof(
    { weight: 3, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom('application/yaml', 'text/yaml; charset=utf-8', 'text/plain', 'x') },
  ),
  'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
  'idempotency-key': fc.constantFrom('a', 'b', 'c'.repeat(300), 'ünïcode'.normalize('NFD').replace(/[^ -~]/g, '')),
  'repeatability-request-id': fc.constantFrom('r1', 'r2'),
  'if-none-match': fc.constantFrom('*', '"x"', 'W/"x", "y"', 'x'),
  'x-ms-client-request-id': fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 80 }),
  accept: fc.constantFrom('*/*', 'text/html', ''),
};
const header = fc
  .constantFrom('content-type', ...Object.keys(HEADERS))
  .chain((name) => HEADERS[name]!.map((value) => [name, value.trim()] as const));

const word = fc.oneof(
  fc.constantFrom(
    'team-fuzz',
    'alpha_01KE6P4YM0PGW65NM9HTR2YRES',
    '.x',
    '%',
    '0',
    '-1',
    '1e9',
    'Succeeded',
    'null',
    'W10',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant('x'.repeat(3_000)),
);

const pathOf = ({ path }: RouteContract): fc.Arbitrary<string> =>
  fc.array(word, { minLength: 3, maxLength: 3 }).map((words) => {
    let next = 0;
    // A segment of dots would be another path.
    return path.replace(/\{[^}]+\}/g, () => encodeURIComponent(wellFormed(words[next++]!)).replace(/^\.*$/, 'x'));
  });

/** `encodeURIComponent` takes no half of a pair. */
const wellFormed = (text: string): string => text.toWellFormed();

const queryNames = ['team', 'kind', 'status', 'maxpagesize', 'continuation', 'other'];
const query = fc
  .array(fc.tuple(fc.constantFrom(...queryNames), word), { maxLength: 3 })
  .map((pairs) =>
    new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, wellFormed(value)])).toString(),
  );

/** A document that is right or nearly so, anything that is JSON, or any bytes. */
const body = fc.oneof(
  fc.constantFrom('team-fuzz', 'team-fuzz-two').map((name) => JSON.stringify(request(name))),
  fc
    .tuple(
      fc.constantFrom('owner', 'costCenter', 'models', 'members', 'failurePolicy', 'x'),
      fc.jsonValue({ maxDepth: 4 }),
    )
    .map(([field, value]) => JSON.stringify(request('team-fuzz', { [field]: value }))),
  fc.json({ maxDepth: 6 }),
  fc.string({ unit: 'binary', maxLength: 300 }).map(wellFormed),
);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const call = fc.constantFrom(...Object.values<RouteContract>(ROUTES)).chain((route) =>
  fc.record({
    route: fc.constant(route),
    // Mostly the route's own.
    method: fc.oneof(
      { weight: 4, arbitrary: fc.constant<string>(route.method) },
      { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    ),
    path: pathOf(route),
    query,
    headers: fc.array(header, { maxLength: 4 }),
    body,
  }),
);
type Call = typeof call extends fc.Arbitrary<infer Each> ? Each : never;

export const fuzz = (shared: SharedHai): void =>
  describe(`any request (FUZZ_SEED=${SEED})`, () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    it(`is answered as the contract says, ${REQUESTS} times`, async () => {
      const seen = new Map<number, number>();
      const property = fc.asyncProperty(call, async (each) => {
        const status = await answered(hai, each);
        seen.set(status, (seen.get(status) ?? 0) + 1);
      });
      await fc.assert(property, { numRuns: REQUESTS, seed: SEED });
      // It has met the good and the bad, or the requests are not what they should be.
      for (const status of [200, 202, 400, 404, 405, 415, 422])
        expect([status, seen.has(status)]).toEqual([status, true]);
      expect(hai.logs.filter((line) => line.startsWith('error'))).toEqual([]);
    }, 240_000);
  });

/** The status; throws for an answer that nobody declared. */
async function answered({ host }: Hai, { route, method, path, query, headers, body }: Call): Promise<number> {
  const url = `${host.url}/api/${path}${query ? `?${query}` : ''}`;
  const began = performance.now();
  const answer = await fetch(url, {
    method,
    headers: [...headers] as [string, string][],
    ...(!['GET', 'HEAD'].includes(method) && { body }),
    redirect: 'manual',
  });
  const text = await answer.text();
  const lastsMs = performance.now() - began;
  if (lastsMs > ANSWER_MS_MAX) throw new Error(`${method} ${url} took ${lastsMs} ms`);
  const { status } = answer;
  if (status >= 500) throw new Error(`${method} ${url} was answered ${status}: ${text}`);
  if (method === 'HEAD' || status === 204 || status === 304) {
    if (text !== '') throw new Error(`${method} ${url} was answered ${status} with a body`);
    return status;
  }
  const parsed: unknown = text ? JSON.parse(text) : undefined;
  if (status >= 400) ProblemSchema.parse(parsed);
  else checkAnswer(route.method, url, status, parsed);
  return status;
}
