import { GROUP, model, request } from '../support/builders.js';
import { startHai } from '../support/hai.js';

/** Models and members that the schema allows, which bound the largest plan. */
const MODELS_MAX = 50;
/** A history beyond this replays slowly and comes near the limits of some storage providers. */
const EVENTS_MAX = 1_000;

describe('the history of an orchestration', () => {
  it('stays under a thousand events for the largest plan', async () => {
    const hai = await startHai();
    try {
      const eventsOf = async (name: string, kaito: string[]) => {
        const models = {
          foundry: { models: [model('gpt-4.1'), model('gpt-5.2')] },
          ...(kaito.length > 0 && { kaito: { models: kaito.map((one) => model(one)) } }),
        };
        const { body } = await hai.request(request(name, { members: [GROUP], models }));
        expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });
        const url = `${hai.host.url}/runtime/webhooks/durabletask/instances/${body.id}-1?showHistory=true`;
        const status = (await (await fetch(url)).json()) as { historyEvents: unknown[] };
        return status.historyEvents.length;
      };
      // The first run deploys the models; the others join them, as fast as branches can end: that is one turn each.
      await eventsOf('team-first', ['mistral-7b', 'phi-4']);
      const none = await eventsOf('team-none', []);
      const one = await eventsOf('team-one', ['mistral-7b']);
      const two = await eventsOf('team-two', ['mistral-7b', 'phi-4']);
      const perModel = two - one;
      expect(perModel).toBeGreaterThan(0);
      // A branch costs four events if it ends in a turn of its own: created, completed, and the two of the turn.
      const largest = Math.max(one, none) + MODELS_MAX * Math.max(perModel, 4);
      expect(largest).toBeLessThan(EVENTS_MAX);
    } finally {
      await hai.close();
    }
  }, 60_000);
});
