import { request } from '../../support/builders.js';
import type { SharedHai } from '../../support/shared-hai.js';

export const crowd = (shared: SharedHai): void =>
  describe('a crowd', () => {
    it('that asks forty times by post and forty times by message at once makes one operation, and everybody has a true answer', async () => {
      const hai = await shared();
      const tickets = Array.from({ length: 40 }, (_, index) => `T-crowd-${index}`);
      const [answers] = await Promise.all([
        Promise.all(tickets.map((name) => hai.request(request('team-crowd'), { 'idempotency-key': name }))),
        ...tickets.map((ticket) => hai.send(request('team-crowd'), { ticket })),
      ]);
      const ids = new Set(answers.map(({ body }) => body.id));
      expect([[...new Set(answers.map(({ status }) => status))], ids.size]).toEqual([[202], 1]);
      const [id] = [...ids];
      expect(await hai.finish(id!)).toMatchObject({ status: 'Succeeded' });
      await hai.clock.advance(60_000);
      const told = (await hai.events('everything')).filter(({ subject }) => subject === 'team-crowd');
      for (const ticket of tickets) {
        const heard = told.filter((event) => event.ticket === ticket).map(({ type }) => type.split('.').at(-2));
        expect([ticket, [...new Set(heard)].filter((word) => word !== 'step-completed').sort()]).toEqual([
          ticket,
          ['accepted', 'ready'],
        ]);
      }
      expect((await hai.operations()).filter(({ subject }) => subject === 'team-crowd')).toHaveLength(1);
      expect(hai.world.broker.counts('access-requests')).toMatchObject({ active: 0, deadLetter: 0, scheduled: 0 });
    });
  });
