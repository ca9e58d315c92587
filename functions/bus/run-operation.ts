/**
 * Queue `operation-commands`: starts the orchestration of an operation's attempt. The operation's document decides, not the instance id:
 * Durable would start a finished instance of the same id again.
 */
import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { publishAfter } from '../../shared/application/announce.js';
import { isWanted } from '../../shared/application/commands.js';
import { readOperation } from '../../shared/application/documents.js';
import { RunOperationSchema } from '../../shared/contracts/messages.js';
import { instanceIdOf } from '../../shared/model/naming.js';
import { stateOfInstance } from '../instances.js';
import { withLog } from '../log.js';
import { BUS_CONNECTION, QUEUES, services } from '../wiring.js';

app.serviceBusQueue('run-operation', {
  connection: BUS_CONNECTION,
  queueName: QUEUES.commands,
  extraInputs: [df.input.durableClient()],
  handler: runOperation,
});

async function runOperation(message: unknown, context: InvocationContext): Promise<void> {
  const command = RunOperationSchema.parse(message);
  const found = (await readOperation(services().store, command.operationId))?.document;
  if (!found) throw new Error(`Operation "${command.operationId}" does not exist`);
  if (!isWanted(command, found)) return;
  // The api tier writes events and cannot send to the topic; the worker publishes them as soon as it hears of the operation.
  await publishAfter(withLog(services(), context), found.team);

  const client = df.getClient(context);
  const instanceId = instanceIdOf(command.operationId, command.attempt);
  try {
    await client.startNew(found.kind, { instanceId, input: command });
  } catch (error) {
    // Two deliveries of one command may meet; the second finds the instance running.
    if ((await stateOfInstance(client, instanceId)) !== 'alive') throw error;
  }
}
