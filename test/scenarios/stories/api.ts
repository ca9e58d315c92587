import type { ModelView, OperationView, TeamView } from '../../../shared/contracts/api.js';
import * as contracts from '../../../shared/contracts/api.js';
import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

interface List<Item> {
  value: Item[];
  nextLink?: string;
}

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

    it('answers an unchanged operation with 304', async () => {
      const first = await hai.get(`operations/${ids[0]}`);
      const etag = first.headers.get('etag')!;
      expect(first.headers.get('retry-after')).toBeNull();
      expect(await hai.get(`operations/${ids[0]}`, { 'if-none-match': etag })).toMatchObject({
        status: 304,
        body: undefined,
      });
      expect(await hai.get(`operations/${ids[0]}`, { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
    });

    it('lists operations newest first, in pages that link to the next', async () => {
      const first = await hai.get<List<OperationView>>('operations?maxpagesize=2');
      expect(first.body.value.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      expect(first.body.value[0]).not.toHaveProperty('steps');
      const second = await hai.get<List<OperationView>>(first.body.nextLink!);
      expect(second.body.value.map(({ id }) => id)).toEqual([ids[0]]);
      expect(second.body.nextLink).toBeUndefined();
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
