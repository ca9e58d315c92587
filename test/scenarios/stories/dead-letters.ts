import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

export const deadLetters = (shared: SharedHai): void =>
  describe('a message that was delivered too often', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    const rejected = async () =>
      (await hai.get<{ value: { queue: string; ticket?: string; problem: object }[] }>('rejected')).body.value;

    it('is taken all the same when it is a request: an outage is not its fault', async () => {
      hai.world.cosmos.faults.failNext = { count: 1_000, status: 503, operation: 'read' };
      await hai.send(request('team-late'), { ticket: 'T-1' });
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 1 });
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ deadLetter: 1 });

      hai.world.cosmos.faults.failNext = undefined;
      await hai.clock.advance(60_000);
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ deadLetter: 0 });
      const [operation] = await hai.operations();
      expect(operation).toMatchObject({ subject: 'team-late', ticket: 'T-1' });
      expect(await hai.finish(operation!.id)).toMatchObject({ status: 'Succeeded' });
      const words = (await hai.events('tickets')).map(({ type }) => type.split('.').at(-2));
      expect([words[0], words.at(-1)]).toEqual(['accepted', 'ready']);
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
