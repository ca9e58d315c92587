/**
 * Answers a ticket whose request another one has already made true, or is making true: it gets the event that says so at once, since the
 * operation itself speaks only to the ticket that began it.
 */
import { outboxWrite, publishAfter } from '../../shared/application/announce.js';
import { readTeam } from '../../shared/application/documents.js';
import { readyData } from '../../shared/application/end-operation.js';
import type { Services } from '../../shared/application/services.js';
import type { OperationDocument, Origin } from '../../shared/model/operation.js';

export async function answerTicket(
  kind: 'same' | 'no-change',
  operation: OperationDocument,
  origin: Origin,
  services: Services,
): Promise<void> {
  const { ticket } = origin;
  // The ticket that began the operation hears of it from the operation.
  if (!ticket || ticket === operation.origin.ticket) return;
  const toThisTicket = { ...operation, origin };
  const { id: operationId, subject: team, steps } = operation;
  const access = kind === 'no-change' ? (await readTeam(services.store, operation.team))?.document.access : undefined;
  const event = access
    ? outboxWrite(services, toThisTicket, 'ready', readyData(operation, access), ticket)
    : outboxWrite(services, toThisTicket, 'accepted', { operationId, team, steps: steps.length }, ticket);
  await services.store.commit(operation.team, [event]);
  await publishAfter(services, operation.team);
}
