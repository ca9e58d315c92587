import { model, request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const PUT_ACCOUNT = { method: 'PUT', path: '/accounts/foundry-' };
const REFUSED = { status: 400, code: 'InsufficientQuota' };

/** One operation of a team holds the lane; later ones wait, visible. Cancel and retry write documents; whoever runs reads them. */
export const line = (shared: SharedHai): void =>
  describe('the line of a team', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });
    afterEach(() => hai.world.azure.faults.clear());

    const limited = (name: string, tokensPerMinute: number, more: object = {}) =>
      request(name, { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute })] } }, ...more });
    const cancel = (id: string) => hai.post(`operations/${id}/cancel`, {});
    const retry = (id: string) => hai.post(`operations/${id}/retry`, {});
    const ofTeam = (name: string) => hai.left().filter((id) => id.includes(name));

    it('queues a newer request behind the one that runs, and lets a still newer one take its place', async () => {
      const first = (await hai.request(limited('team-line', 1000))).body;
      await hai.clock.advance(5_000);
      const second = (await hai.request(limited('team-line', 2000))).body;
      const third = (await hai.request(limited('team-line', 3000))).body;
      expect([second.phase, second.status, third.phase]).toEqual(['queued', 'NotStarted', 'queued']);
      expect(await hai.operation(second.id)).toMatchObject({ phase: 'canceled', error: { code: 'superseded' } });
      expect((await hai.team('team-line')).queue).toEqual([expect.stringContaining(third.id)]);
      // Planned against what the one before will leave.
      expect(third.steps.map(({ id }) => id)).toEqual(['gateway-ready', 'product-policy', 'proof']);

      expect(await hai.finish(third.id)).toMatchObject({ status: 'Succeeded' });
      expect(await hai.operation(first.id)).toMatchObject({ status: 'Succeeded' });
      expect((await hai.team('team-line')).spec.models.foundry?.models).toMatchObject([{ tokensPerMinute: 3000 }]);
    });

    it('ends a canceled operation at once while it waits, and gives the lane on', async () => {
      const first = (await hai.request(limited('team-wait', 1000))).body;
      await hai.clock.advance(5_000);
      const second = (await hai.request(limited('team-wait', 2000))).body;
      expect(await cancel(second.id)).toMatchObject({ status: 200, body: { status: 'Canceled', phase: 'canceled' } });
      expect(await hai.finish(first.id)).toMatchObject({ status: 'Succeeded' });
      expect((await hai.team('team-wait')).queue).toEqual([]);
    });

    it('walks a canceled operation back, and nothing is left of it', async () => {
      const { body } = await hai.request(limited('team-cancel', 1000));
      await hai.clock.advance(15_000);
      expect(ofTeam('-cancel').length).toBeGreaterThan(0);
      expect(await cancel(body.id)).toMatchObject({ status: 202, body: { stop: 'cancel' } });
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Canceled', phase: 'canceled' });
      expect(ofTeam('-cancel')).toEqual([]);
      expect(await cancel(body.id)).toMatchObject({ status: 409, body: { code: 'not-possible-now' } });
      const types = (await hai.events()).filter(({ subject }) => subject === 'team-cancel').map(({ type }) => type);
      expect(types.at(-1)).toBe('com.contoso.hai.access.canceled.v1');
    });

    it('queues the same request behind one that is being undone instead of joining it', async () => {
      const document = limited('team-again', 1000);
      const first = (await hai.request(document)).body;
      await hai.clock.advance(15_000);
      await cancel(first.id);
      const second = (await hai.request(document)).body;
      expect(second.id).not.toBe(first.id);
      expect(await hai.finish(second.id)).toMatchObject({ status: 'Succeeded' });
      expect(await hai.operation(first.id)).toMatchObject({ status: 'Canceled' });
    });

    it('repeats what has failed as a new operation, unless something newer was accepted', async () => {
      hai.world.azure.faults.add({ kind: 'answer', match: PUT_ACCOUNT, times: 1, answer: REFUSED });
      const first = (await hai.request(limited('team-retry', 1000))).body;
      expect(await hai.finish(first.id)).toMatchObject({ phase: 'failed', error: { azureCode: 'InsufficientQuota' } });
      const again = (await retry(first.id)).body;
      expect(again).toMatchObject({ retryOf: first.id, phase: 'accepted' });
      expect(await hai.finish(again.id)).toMatchObject({ status: 'Succeeded' });
      expect(await retry(first.id)).toMatchObject({ status: 409, body: { code: 'not-possible-now' } });
      expect(await retry(again.id)).toMatchObject({ status: 409 });
    });

    it('holds what has failed for investigation where the request asks for it, and goes on by retry', async () => {
      hai.world.azure.faults.add({ kind: 'answer', match: PUT_ACCOUNT, times: 1, answer: REFUSED });
      const { body } = await hai.request(limited('team-held', 1000, { failurePolicy: 'hold' }));
      const held = await hai.finish(body.id);
      expect(held).toMatchObject({ status: 'Failed', phase: 'held' });
      expect(ofTeam('product-held').length).toBeGreaterThan(0);
      expect(await hai.team('team-held')).toMatchObject({ phase: 'Held' });
      expect(await retry(body.id)).toMatchObject({ status: 202, body: { id: body.id, attempt: 2 } });
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded', attempt: 2 });
    });

    it('walks a held operation back when a newer request comes', async () => {
      hai.world.azure.faults.add({ kind: 'answer', match: PUT_ACCOUNT, times: 1, answer: REFUSED });
      const first = (await hai.request(limited('team-newer', 1000, { failurePolicy: 'hold' }))).body;
      expect(await hai.finish(first.id)).toMatchObject({ phase: 'held' });
      const second = (await hai.request(limited('team-newer', 2000))).body;
      expect(await hai.finish(second.id)).toMatchObject({ status: 'Succeeded' });
      expect(await hai.operation(first.id)).toMatchObject({ status: 'Canceled', attempt: 2 });
    });

    it('is stuck, and says so, when a removal is refused; a retry goes on going back', async () => {
      hai.world.azure.faults.add({ kind: 'answer', match: PUT_ACCOUNT, times: 1, answer: REFUSED });
      const locked = { status: 409, code: 'ScopeLocked' };
      hai.world.azure.faults.add({
        name: 'lock',
        kind: 'answer',
        match: { method: 'DELETE', path: '/products/product-stuck' },
        answer: locked,
      });
      const { body } = await hai.request(limited('team-stuck', 1000));
      const stuck = await hai.finish(body.id);
      expect(stuck).toMatchObject({ status: 'Failed', phase: 'stuck', error: { azureCode: 'InsufficientQuota' } });
      expect(stuck.steps.find(({ status }) => status === 'undo-failed')).toMatchObject({
        error: { azureCode: 'ScopeLocked' },
      });
      expect(await hai.team('team-stuck')).toMatchObject({ phase: 'Stuck' });

      hai.world.azure.faults.clear('lock');
      expect(await retry(body.id)).toMatchObject({ status: 202, body: { attempt: 2 } });
      expect(await hai.finish(body.id)).toMatchObject({ phase: 'failed' });
      expect(ofTeam('-stuck')).toEqual([]);
    });
  });
