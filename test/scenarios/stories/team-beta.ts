import type { ModelView } from '../../../shared/contracts/api.js';
import { example } from '../../support/documents.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const TICKET = 'TICKET-1042';

export const teamBeta = (shared: SharedHai): void =>
  describe('team-beta asks by ticket for a model that is not yet deployed', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    it('is accepted, and the ticket is told', async () => {
      await hai.send(example('team-beta.yaml'), { ticket: TICKET, messageId: 'beta-1' });
      const operation = (await hai.operations()).find(({ subject }) => subject === 'team-beta');
      expect(operation).toMatchObject({ ticket: TICKET });
      expect(await hai.events('tickets')).toContainEqual(
        expect.objectContaining({
          type: 'com.contoso.hai.access.accepted.v1',
          ticket: TICKET,
          subject: 'team-beta',
          data: expect.objectContaining({ operationId: operation!.id, team: 'team-beta' }),
        }),
      );
    });

    it('is ready after the model is, in the order that the model needs', async () => {
      const asked = (await hai.operations()).find(({ subject }) => subject === 'team-beta')!;
      const operation = await hai.finish(asked.id);
      expect(operation.error).toBeUndefined();
      expect(operation.status).toBe('Succeeded');

      const { body } = await hai.get<{ value: ModelView[] }>('models');
      const { deployment } = body.value.find(({ name }) => name === 'mistral-7b')!;
      expect(deployment).toMatchObject({ phase: 'Ready', generation: 1, address: '10.10.8.200', members: ['beta'] });
      const written = hai.recorded.map(({ path }) => path.split('/').slice(-2).join('/'));
      const at = (name: string) => written.indexOf(name);
      expect(at('kaito-models/workspaces')).toBeGreaterThanOrEqual(0);
      expect(at('backends/kaito-mistral-7b')).toBeGreaterThanOrEqual(0);
      // The name is given out only for an address that stands.
      expect(at('A/mistral-7b')).toBeGreaterThan(at('kaito-models/services'));
      const minutes = (hai.clock.now() - Date.parse(operation.createdAt)) / 60_000;
      expect(minutes).toBeGreaterThan(8);
      expect(minutes).toBeLessThan(20);
    });

    it('tells the ticket that the team is ready, without a secret', async () => {
      const events = await hai.events('tickets');
      expect(events.at(-1)).toMatchObject({ type: 'com.contoso.hai.access.ready.v1', ticket: TICKET });
      expect(JSON.stringify(events)).not.toContain('SIMULATED-KEY');
    });

    it('takes the message only once, within and beyond the window of the broker', async () => {
      const operations = (await hai.operations()).length;
      await hai.send(example('team-beta.yaml'), { ticket: TICKET, messageId: 'beta-1' });
      await hai.clock.advance(3600_000);
      await hai.send(example('team-beta.yaml'), { ticket: TICKET, messageId: 'beta-1' });
      expect(await hai.operations()).toHaveLength(operations);
    });

    it('answers another ticket for the same team with what is true already', async () => {
      await hai.events('tickets');
      await hai.send(example('team-beta.yaml'), { ticket: '2042' });
      expect(await hai.events('tickets')).toEqual([
        expect.objectContaining({
          type: 'com.contoso.hai.access.ready.v1',
          ticket: '2042',
          data: expect.objectContaining({
            team: 'team-beta',
            keyReference: expect.stringContaining('/secrets/apim-key-beta'),
          }),
        }),
      ]);
    });
  });
