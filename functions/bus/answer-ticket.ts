/**
 * Answers a ticket whose request another one has already made true, or is making true: it gets the event that says so at once, since the
 * operation itself speaks only to the ticket that began it.
 */
import type { OperationDocument, Origin } from '../../shared/model/operation.js';
import { acceptedData, announce, readyData } from '../announce.js';
import type { Services } from '../wiring.js';

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
  const access = kind === 'no-change' ? (await services.teams.read(operation.team))?.document.access : undefined;
  if (access) await announce(services, toThisTicket, 'ready', readyData(operation, access), ticket);
  else await announce(services, toThisTicket, 'accepted', acceptedData(operation), ticket);
}
