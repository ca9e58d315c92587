import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

export const storeAway = (shared: SharedHai): void =>
  describe('a ticket that comes while the store does not answer', () => {
    it('is taken when it answers again, once, under its own id', async () => {
      const hai = await shared();
      const { broker, cosmos } = hai.world;
      const name = 'team-patient';
      const sending = { ticket: 'T-7', messageId: 'm-7' };
      const seconds = 1500;
      cosmos.faults.failNext = { status: 503, forSeconds: seconds };
      await hai.send(request(name), sending);
      expect(broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 0, scheduled: 1 });
      await hai.clock.advance((seconds - 1) * 1000);
      expect(broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 0, scheduled: 1 });
      await hai.clock.advance(602_000);
      expect(broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 0, scheduled: 0 });

      await hai.send(request(name), sending);
      const operations = (await hai.operations()).filter(({ subject }) => subject === name);
      expect(operations).toMatchObject([{ ticket: 'T-7' }]);
      expect((await hai.finish(operations[0]!.id)).status).toBe('Succeeded');
    });
  });

export const deadLetters = (shared: SharedHai): void =>
  describe('a message that was delivered too often', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    const rejected = async () =>
      (await hai.get<{ value: { queue: string; ticket?: string; problem: object }[] }>('rejected')).body.value;

    it('is taken all the same when it is a request: lost settlements are not its fault', async () => {
      hai.world.broker.faults.loseSettlement = { 'access-requests': 5 };
      await hai.send(request('team-late'), { ticket: 'T-1' });
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 1 });

      hai.world.cosmos.faults.failNext = { count: 1_000, status: 503, operation: 'read' };
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ deadLetter: 1 });

      hai.world.cosmos.faults.failNext = undefined;
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ deadLetter: 0 });
      const [operation, ...others] = (await hai.operations()).filter(({ subject }) => subject === 'team-late');
      expect(others).toEqual([]);
      expect(operation).toMatchObject({ subject: 'team-late', ticket: 'T-1' });
      expect(await hai.finish(operation!.id)).toMatchObject({ status: 'Succeeded' });
      const words = (await hai.events('tickets')).map(({ type }) => type.split('.').at(-2));
      expect([words[0], words.at(-1)]).toEqual(['accepted', 'ready']);
      expect(await rejected()).toEqual([]);
    });

    it('is dropped when it is a command that nobody wants any more', async () => {
      hai.world.broker.faults.loseSettlement = { 'operation-commands': 10 };
      const { body } = await hai.request(request('team-twice'));
      await hai.clock.settle();
      expect(hai.world.broker.counts('operation-commands')).toMatchObject({ active: 0, deadLetter: 1 });
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('operation-commands')).toMatchObject({ deadLetter: 0 });
      expect(await rejected()).toEqual([]);
    });

    it('comes to the rejected inbox with its reason when it is no request, or none that can be taken', async () => {
      await hai.command({ oops: true });
      expect(hai.world.broker.counts('operation-commands')).toMatchObject({ active: 0, deadLetter: 1 });
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('operation-commands')).toMatchObject({ deadLetter: 0 });
      expect(await rejected()).toMatchObject([
        {
          queue: 'operation-commands',
          problem: { code: 'unexpected-error', detail: expect.stringContaining('MaxDeliveryCountExceeded') },
        },
      ]);
    });
  });
