import { model, request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const MINUTE = 60_000;
const REFUSED = { status: 400, code: 'InsufficientQuota' };

/** Outages of everything that hai stands on, and instances that die: nothing is stuck, nothing is lost (findings N1, N5, N6, N9, N12, N17). */
export const neverStuck = (shared: SharedHai): void =>
  describe('what hai stands on fails', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });
    afterEach(() => {
      hai.world.azure.faults.clear();
      delete hai.world.cosmos.faults.failNext;
      delete hai.world.broker.faults.down;
    });

    const ofTeam = (name: string) => hai.left().filter((id) => id.includes(name));
    const terminate = (instance: string) =>
      fetch(
        `${hai.host.url}/runtime/webhooks/durabletask/instances/${encodeURIComponent(instance)}/terminate?reason=test`,
        { method: 'POST' },
      );

    it.each([
      ['at the claim', 0, { status: 429, forSeconds: 7 * 60, operation: 'write' as const }],
      ['while it walks', 15_000, { status: 503, forSeconds: 80 }],
      ['while it walks, reads alike', 15_000, { status: 410, forSeconds: 5 * 60 }],
      ['near its end', 40_000, { status: 449, forSeconds: 5 * 60, operation: 'write' as const }],
    ])('the store is busy for minutes %s: it waits, and succeeds', async (_when, afterMs, fault) => {
      const name = `team-store-${afterMs}-${fault.status}`;
      const { body } = await hai.request(request(name));
      await hai.clock.advance(afterMs);
      hai.world.cosmos.faults.failNext = fault;
      await hai.clock.advance(fault.forSeconds * 1000 + 1000);
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });
    });

    it('the store is busy for minutes while it goes back: it ends clean', async () => {
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/connections/' },
        times: 1,
        answer: REFUSED,
      });
      const { body } = await hai.request(request('team-backstore'));
      await hai.clock.runUntil(async () => (await hai.operation(body.id)).phase === 'unwinding', 10 * MINUTE);
      hai.world.cosmos.faults.failNext = { status: 503, forSeconds: 300 };
      await hai.clock.advance(301_000);
      expect(await hai.finish(body.id)).toMatchObject({ phase: 'failed', error: { azureCode: 'InsufficientQuota' } });
      expect(ofTeam('-backstore')).toEqual([]);
    });

    it('an instance is terminated: the operation is taken over as its next attempt, and nothing is written twice', async () => {
      const { body } = await hai.request(request('team-killed'));
      await hai.clock.advance(12_000);
      expect((await terminate(`${body.id}-1`)).status).toBe(202);
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ status: 'Succeeded', attempt: 2 });
      const products = hai.recorded.filter(
        ({ path, method }) => method === 'PUT' && path.endsWith('/products/product-killed'),
      );
      expect(products).toHaveLength(1);
    });

    it('a lane is terminated, or an instance on its way back: likewise', async () => {
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/connections/' },
        times: 1,
        answer: REFUSED,
      });
      const { body } = await hai.request(request('team-lane'));
      await hai.clock.advance(12_000);
      await terminate(`${body.id}-1:l1`);
      await hai.clock.runUntil(async () => (await hai.operation(body.id)).phase === 'unwinding', 60 * MINUTE);
      await hai.clock.advance(3_000);
      const { attempt } = await hai.operation(body.id);
      await terminate(`${body.id}-${attempt}`);
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ phase: 'failed', error: { azureCode: 'InsufficientQuota' } });
      expect(operation.attempt).toBeGreaterThan(attempt);
      expect(ofTeam('-lane')).toEqual([]);
    });

    it('the topic is down: the team is ready all the same, and everything is told when it is back, in order', async () => {
      await hai.events();
      hai.world.broker.faults.down = { 'access-events': { forSeconds: 600 } };
      const { body } = await hai.request(request('team-topic'));
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ status: 'Succeeded' });
      expect(Date.parse(operation.endedAt!) - Date.parse(operation.createdAt)).toBeLessThan(3 * MINUTE);
      await hai.clock.advance(12 * MINUTE);
      const types = (await hai.events())
        .filter(({ subject }) => subject === 'team-topic')
        .map(({ type }) => type.split('.').at(-2));
      expect([types[0], types.at(-1)]).toEqual(['accepted', 'ready']);
      expect(types.filter((type) => type === 'ready')).toHaveLength(1);
    });

    it('a Retry-After of a day is not believed for longer than an hour', async () => {
      const answer = { status: 429, code: 'TooManyRequests', retryAfterSeconds: 86_400 };
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/products/product-day' },
        times: 1,
        answer,
      });
      const { body } = await hai.request(request('team-day'));
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ status: 'Succeeded' });
      expect(Date.parse(operation.endedAt!) - Date.parse(operation.createdAt)).toBeLessThan(70 * MINUTE);
    });

    it('a write lands long after its call was given up, when everything has been undone: nothing is left', async () => {
      hai.world.azure.faults.add({
        kind: 'no-answer',
        effect: 'late',
        lateSeconds: 250,
        match: { service: 'arm', method: 'PUT', path: '/products/product-late' },
        times: 1,
      });
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/accounts/foundry-late' },
        answer: REFUSED,
      });
      const { body } = await hai.request(request('team-late'));
      expect(await hai.finish(body.id)).toMatchObject({ phase: 'failed' });
      await hai.clock.advance(30 * MINUTE);
      expect(ofTeam('-late')).toEqual([]);
    }, 30_000);

    it('a team that cannot have its access is told within minutes, not when the shared model is up; the model goes when nobody is on it', async () => {
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/accounts/foundry-doomed' },
        answer: REFUSED,
      });
      const { body } = await hai.request(
        request('team-doomed', { models: { kaito: { models: [model('mistral-7b')] } } }),
      );
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ phase: 'failed' });
      expect(Date.parse(operation.endedAt!) - Date.parse(operation.createdAt)).toBeLessThan(2 * MINUTE);
      const ofModel = () => hai.left().filter((id) => /mistral-7b|agentPools/i.test(id));
      await hai.clock.advance(30 * MINUTE);
      expect(ofModel().length).toBeGreaterThan(0);
      await hai.clock.advance(90 * MINUTE);
      expect(ofModel()).toEqual([]);
      expect((await hai.operations()).find(({ kind }) => kind === 'retire-kaito-model')).toMatchObject({
        status: 'Succeeded',
      });
    }, 60_000);
  });
