import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ServiceBusClient, type ServiceBusReceiver } from '@azure/service-bus';
import { ROOT } from '../../../dev/paths.js';
import { example } from '../../support/documents.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';
import { until } from '../../support/until.js';

interface Answer {
  id: string;
  ticket: string;
  word: string;
  text: string;
  closes: boolean;
}

const program = (name: string): string => path.join(ROOT, 'examples', 'ticketing', `${name}.cjs`);
const { send } = require(program('send')) as {
  send(bus: ServiceBusClient, ticket: string, document: string): Promise<void>;
};
const { listen } = require(program('listen')) as {
  listen(bus: ServiceBusClient, onAnswer: (answer: Answer) => Promise<void>): ServiceBusReceiver;
};

export const ticketing = (shared: SharedHai): void =>
  describe('the ticketing system of the how-to', () => {
    let hai: Hai;
    let bus: ServiceBusClient;
    let receiver: ServiceBusReceiver;
    const answers: Answer[] = [];
    beforeAll(async () => {
      hai = await shared();
      bus = new ServiceBusClient(hai.world.broker.connectionString);
      receiver = listen(bus, async (answer) => void answers.push(answer));
    });
    afterAll(async () => {
      await receiver.close();
      await bus.close();
    });

    const hears = (ticket: string, word: string) =>
      until(async () => {
        await hai.clock.advance(5_000);
        return answers.find((answer) => answer.ticket === ticket && answer.word === word);
      });

    it('is what the document shows', () => {
      const text = readFileSync(path.join(ROOT, 'docs/how-to/connect-a-ticketing-system.md'), 'utf8');
      for (const name of ['send', 'listen']) expect(text).toContain(readFileSync(program(name), 'utf8').trimEnd());
    });

    it('asks for a team, and hears that it is accepted and ready', async () => {
      await send(bus, 'INC0000001', example('team-alpha.yaml'));
      expect(await hears('INC0000001', 'accepted')).toMatchObject({ closes: false });
      const ready = await hears('INC0000001', 'ready');
      expect(ready).toMatchObject({ closes: true, text: expect.stringContaining('keyReference') });
    });

    it('hears what is wrong with a request, and what to do', async () => {
      await send(bus, 'INC0000002', example('refused.yaml'));
      expect(await hears('INC0000002', 'rejected')).toMatchObject({ closes: true, text: expect.stringMatching(/./) });
    });

    it('hears the end of what others asked for, under its own ticket', async () => {
      await send(bus, 'INC0000003', example('team-alpha.yaml'));
      expect(await hears('INC0000003', 'ready')).toMatchObject({ closes: true });
    });
  });
