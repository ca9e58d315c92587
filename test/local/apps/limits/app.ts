/** Functions that run into the limits of host.json. */
import { app } from '@azure/functions';
import * as df from 'durable-functions';

/** Holds functions until `open()`. */
export const gate = { running: 0, most: 0, open: () => {} };
let opened = Promise.resolve();

export function closeGate(): void {
  gate.running = 0;
  gate.most = 0;
  opened = new Promise((resolve) => {
    gate.open = resolve;
  });
}

async function pass(): Promise<void> {
  gate.most = Math.max(gate.most, ++gate.running);
  await opened;
  gate.running--;
}

app.http('gated', {
  handler: async () => {
    await pass();
    return { body: 'passed' };
  },
});
df.app.activity('gatedActivity', { handler: pass });
df.app.orchestration('fanOut', function* (context) {
  yield context.df.Task.all(Array.from({ length: 7 }, () => context.df.callActivity('gatedActivity')));
});
