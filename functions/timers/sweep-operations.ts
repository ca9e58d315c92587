/**
 * Every minute, without input: finds operations that were accepted but not started (the app died between the claim and the command) and sends
 * their command again.
 */
import { app, type InvocationContext } from '@azure/functions';
import { sendCommand } from '../intake.js';
import { services } from '../wiring.js';

/** A command that has not arrived after this long is lost: delivery takes milliseconds, a busy worker some seconds. */
const LOST_AFTER_SECONDS = 60;

app.timer('sweep-operations', { schedule: '0 * * * * *', handler: sweepOperations });

async function sweepOperations(_timer: unknown, context: InvocationContext): Promise<void> {
  const { operations, clock } = services();
  const before = new Date(clock.now() - LOST_AFTER_SECONDS * 1000).toISOString();
  for (const operation of await operations.listUnstarted(before)) {
    context.log(`Sending the command of "${operation.id}" again`);
    await sendCommand(operation, services());
  }
}
