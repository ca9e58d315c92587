/** hai's own command to run an operation's attempt. Sending it again is harmless: the operation's document decides whether it starts anything. */
import { commandMessageId, type RunOperation } from '../contracts/messages.js';
import type { OperationDocument } from '../model/operation.js';
import type { Services } from './services.js';

export async function sendCommand(
  { id, attempt }: Pick<OperationDocument, 'id' | 'attempt'>,
  { publisher }: Pick<Services, 'publisher'>,
): Promise<void> {
  const command = { operationId: id, attempt };
  await publisher.sendCommand(command, commandMessageId(command));
}

/** Is there anything left to start? Whoever has begun, has ended or waits in the line wants no command. */
export const isWanted = (
  command: RunOperation,
  { phase, attempt, claimed }: Pick<OperationDocument, 'phase' | 'attempt' | 'claimed'>,
): boolean =>
  ['accepted', 'running', 'unwinding'].includes(phase) && attempt === command.attempt && claimed !== attempt;
