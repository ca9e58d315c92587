import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

export const duplicates = (shared: SharedHai): void =>
  describe('the same request more than once', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    const products = (name: string) => hai.left().filter((id) => id.endsWith(`/products/product-${name}`));

    it('posted ten times at once gives one operation', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => hai.request(request('team-ten'))));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(answers.filter(({ headers }) => headers.get('hai-outcome') === 'accepted')).toHaveLength(1);
      expect(await hai.finish(answers[0]!.body.id)).toMatchObject({ status: 'Succeeded' });
      expect(products('ten')).toHaveLength(1);
    });

    it('by both doors gives one operation', async () => {
      const { body } = await hai.request(request('team-both'));
      await hai.send(request('team-both'), { ticket: 'T-1' });
      await hai.finish(body.id);
      expect((await hai.operations()).filter(({ subject }) => subject === 'team-both')).toHaveLength(1);
    });

    it('as a message during and after the run gives one operation', async () => {
      await hai.send(request('team-message'), { messageId: 'm-1' });
      await hai.clock.advance(5_000);
      await hai.send(request('team-message'), { messageId: 'm-2' });
      const operation = (await hai.operations()).find(({ subject }) => subject === 'team-message')!;
      expect(await hai.finish(operation.id)).toMatchObject({ status: 'Succeeded' });
      await hai.send(request('team-message'), { messageId: 'm-3' });
      expect((await hai.operations()).filter(({ subject }) => subject === 'team-message')).toHaveLength(1);
    });

    it('with a key gives the same operation, and another document under that key is refused', async () => {
      const key = { 'idempotency-key': 'key-1' };
      const first = await hai.request(request('team-key'), key);
      const second = await hai.request(request('team-key'), key);
      expect(second.body.id).toBe(first.body.id);
      const other = await hai.request(request('team-key', { costCenter: 'CC-2' }), key);
      expect(other.status).toBe(409);
      expect(other.body).toMatchObject({ code: 'idempotency-key-reused' });
      await hai.finish(first.body.id);
    });

    it('is started once even if its command is delivered again', async () => {
      const [operation] = await hai.operations();
      const before = hai.recorded.length;
      await hai.command({ operationId: operation!.id, attempt: 1 });
      await hai.clock.advance(60_000);
      expect(hai.recorded).toHaveLength(before);
    });
  });
