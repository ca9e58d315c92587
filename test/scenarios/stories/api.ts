import { get } from 'node:http';
import type { ModelView, OperationView, TeamView } from '../../../shared/contracts/api.js';
import * as contracts from '../../../shared/contracts/api.js';
import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

interface List<Item> {
  value: Item[];
  nextLink?: string;
}

/** `fetch` would not send such a header. */
const statusWithHost = (hai: Hai, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const call = get(`${hai.api}/operations`, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    call.on('error', reject);
  });

export const api = (shared: SharedHai): void =>
  describe('the HTTP API', () => {
    let hai: Hai;
    let ids: string[];
    beforeAll(async () => {
      hai = await shared();
      ids = [];
      for (const name of ['team-a', 'team-b', 'team-c']) {
        ids.push((await hai.request(request(name))).body.id);
        await hai.clock.advance(1_000);
      }
      for (const id of ids) await hai.finish(id);
    });

    it.each([
      ['an operation', () => `operations/${ids[0]}`],
      ['a team', () => 'teams/team-a'],
    ])('answers %s that is unchanged with 304, to a tag, a weak tag, a list of tags and to any', async (_, path) => {
      const first = await hai.get(path());
      const etag = first.headers.get('etag')!;
      expect(first.headers.get('retry-after')).toBeNull();
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, `W/"other",W/${etag}`, '*'])
        expect([known, await hai.get(path(), { 'if-none-match': known })]).toMatchObject([
          known,
          { status: 304, body: undefined },
        ]);
      for (const unknown of ['"other"', 'W/"other"', '', 'nonsense'])
        expect(await hai.get(path(), { 'if-none-match': unknown })).toMatchObject({ status: 200 });
    });

    it.each([
      ['access-requests', 'GET', 'POST, OPTIONS'],
      ['operations', 'DELETE', 'GET, HEAD, OPTIONS'],
      ['teams/team-a', 'PUT', 'GET, HEAD, OPTIONS'],
      ['operations/alpha_01KE6P4YM0PGW65NM9HTR2YRES/cancel', 'GET', 'POST, OPTIONS'],
    ])('says what can be done at %s instead of %s', async (path, method, allow) => {
      const refused = await fetch(`${hai.api}/${path}`, { method });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, allow]);
      expect(await refused.json()).toMatchObject({ code: 'method-not-allowed' });
      const asked = await fetch(`${hai.api}/${path}`, { method: 'OPTIONS' });
      expect([asked.status, asked.headers.get('allow'), await asked.text()]).toEqual([204, allow, '']);
    });

    it('answers HEAD as GET, without the body', async () => {
      const head = await fetch(`${hai.api}/teams/team-a`, { method: 'HEAD' });
      const { headers } = await hai.get('teams/team-a');
      expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, headers.get('etag'), '']);
    });

    it('refuses a continuation that it never gave, and a Host that is none', async () => {
      const key = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const continuation of ['x', '%00', key({}), key(['a']), key(['a', 1]), 'a'.repeat(5000)])
        for (const list of ['operations', 'rejected'])
          expect(await hai.get(`${list}?continuation=${continuation}`)).toMatchObject({
            status: 400,
            body: { code: 'bad-request' },
          });
      expect(await statusWithHost(hai, 'user:pw@host')).toBe(400);
    });

    it('says when to come again while the store is busy, at every list and every read', async () => {
      for (const path of ['operations', 'teams', 'models', 'rejected', `operations/${ids[0]}`, 'teams/team-a']) {
        hai.world.cosmos.faults.failNext = { count: 1_000, status: 503 };
        const answer = await hai.get<{ code: string }>(path);
        hai.world.cosmos.faults.failNext = undefined;
        expect([path, answer.status, answer.body.code]).toEqual([path, 503, 'unavailable']);
        expect(answer.headers.get('retry-after')).toBe('5');
      }
    });

    it('lists operations newest first, in pages that link to the next', async () => {
      const first = await hai.get<List<OperationView>>('operations?maxpagesize=2');
      expect(first.body.value.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      expect(first.body.value[0]).not.toHaveProperty('steps');
      const second = await hai.get<List<OperationView>>(first.body.nextLink!);
      expect(second.body.value.map(({ id }) => id)).toEqual([ids[0]]);
      expect(second.body.nextLink).toBeUndefined();
    });

    it('lists teams by name, in pages that link to the next', async () => {
      const first = await hai.get<List<TeamView>>('teams?maxpagesize=2');
      expect(first.body.value.map(({ name }) => name)).toEqual(['team-a', 'team-b']);
      const second = await hai.get<List<TeamView>>(first.body.nextLink!);
      expect([second.body.value.map(({ name }) => name), second.body.nextLink]).toEqual([['team-c'], undefined]);
    });

    it('answers a request that is safe to repeat with what became of it', async () => {
      const id = { 'repeatability-request-id': 'b1', 'repeatability-first-sent': 'Mon, 04 Jan 2027 08:00:00 GMT' };
      const results = [];
      for (const document of [request('team-a'), request('team-a'), request('team-b')]) {
        const { status, headers } = await hai.request(document, id);
        results.push([status, headers.get('repeatability-result')]);
      }
      expect(results).toEqual([
        [200, 'accepted'],
        [200, 'accepted'],
        [409, 'rejected'],
      ]);
    });

    it.each([
      ['team', 'operations?team=team-b', 1],
      ['status', 'operations?status=Succeeded', 3],
      ['another status', 'operations?status=Running', 0],
      ['kind', 'operations?kind=deploy-kaito-model', 0],
    ])('filters operations by %s', async (_by, path, count) => {
      expect((await hai.get<List<OperationView>>(path)).body.value).toHaveLength(count);
    });

    it.each([
      ['operations?maxpagesize=0', 422, 'invalid-request'],
      ['operations?status=Fine', 422, 'invalid-request'],
      ['operations/alpha_01KE6P4YM0PGW65NM9HTR2YRES', 404, 'not-found'],
      ['operations/nonsense', 404, 'not-found'],
      ['teams/team-zeta', 404, 'not-found'],
    ])('answers %s with %i', async (path, status, code) => {
      const answer = await hai.get<{ code: string }>(path);
      expect([answer.status, answer.body?.code]).toEqual([status, code]);
    });

    it('shows teams, models and the platform in the shapes of the contract', async () => {
      const teams = await hai.get<List<TeamView>>('teams');
      expect(teams.body.value.map(({ name }) => name)).toEqual(['team-a', 'team-b', 'team-c']);
      contracts.ROUTES.listTeams.answers[200].parse(teams.body);
      const models = await hai.get<List<ModelView>>('models');
      expect(models.body.value).toContainEqual({ name: 'gpt-4.1', provider: 'foundry', enabled: true });
      contracts.ROUTES.listModels.answers[200].parse(models.body);
      contracts.ROUTES.readPlatform.answers[200].parse((await hai.get('platform')).body);
      contracts.ROUTES.readOperation.answers[200].parse((await hai.get(`operations/${ids[0]}`)).body);
    });

    it('echoes the caller’s request id, and never something that is not one', async () => {
      const echoed = await hai.get('teams', { 'x-ms-client-request-id': 'abc-123' });
      expect(echoed.headers.get('x-ms-request-id')).toBe('abc-123');
      const replaced = await hai.get('teams', { 'x-ms-client-request-id': 'a b' });
      expect(replaced.headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('says whether it is up, and whether its stores answer', async () => {
      expect(await hai.get(`${hai.host.url}/api/health`)).toMatchObject({ status: 200, body: { status: 'ok' } });
      expect(await hai.get(`${hai.host.url}/api/ready`)).toMatchObject({
        status: 200,
        body: { status: 'ok', checks: { cosmos: 'ok', serviceBus: 'ok' } },
      });
      hai.world.cosmos.faults.failNext = { count: 1_000, status: 503 };
      expect(await hai.get(`${hai.host.url}/api/ready`)).toMatchObject({
        status: 503,
        body: { checks: { cosmos: 'unavailable' } },
      });
      hai.world.cosmos.faults.failNext = undefined;
    });

    it('answers 503 while a store does not answer, and takes the same request later', async () => {
      hai.world.cosmos.faults.failNext = { count: 1_000, status: 503 };
      expect(await hai.request(request('team-d'))).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      hai.world.cosmos.faults.failNext = undefined;
      const later = await hai.request(request('team-d'));
      expect(later.status).toBe(202);
      await hai.finish(later.body.id);
    });

    it('takes a request whose command is lost, and sends the command again', async () => {
      hai.world.broker.faults.rejectSends = { 'operation-commands': 2 };
      const lost = await hai.request(request('team-lost'));
      expect(lost).toMatchObject({ status: 202, body: { phase: 'accepted' } });
      await hai.clock.advance(30_000);
      expect(await hai.operation(lost.body.id)).toMatchObject({ phase: 'accepted' });
      expect(await hai.finish(lost.body.id)).toMatchObject({ status: 'Succeeded' });
    });
  });
