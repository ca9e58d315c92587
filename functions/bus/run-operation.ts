/**
 * Queue `operation-commands`: starts the orchestration of an accepted operation. The operation's document decides, not the instance id:
 * Durable would start a finished instance of the same id again.
 */
import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { RunOperationSchema } from '../../shared/contracts/messages.js';
import { instanceIdOf } from '../../shared/model/naming.js';
import { BUS_CONNECTION, QUEUES, services } from '../wiring.js';

app.serviceBusQueue('run-operation', {
  connection: BUS_CONNECTION,
  queueName: QUEUES.commands,
  extraInputs: [df.input.durableClient()],
  handler: runOperation,
});

async function runOperation(message: unknown, context: InvocationContext): Promise<void> {
  const command = RunOperationSchema.parse(message);
  const found = await services().operations.read(command.operationId);
  if (!found) throw new Error(`Operation "${command.operationId}" does not exist`);
  const { kind, phase, attempt } = found.document;
  if (phase !== 'accepted' || attempt !== command.attempt) return;

  const client = df.getClient(context);
  const instanceId = instanceIdOf(command.operationId, command.attempt);
  try {
    await client.startNew(kind, { instanceId, input: command });
  } catch (error) {
    if (!(await isThere(client, instanceId))) throw error;
  }
}

/** Two deliveries of one command may meet; the second finds the instance running. */
async function isThere(client: df.DurableClient, instanceId: string): Promise<boolean> {
  try {
    return (await client.getStatus(instanceId)) !== undefined;
  } catch {
    return false;
  }
}
