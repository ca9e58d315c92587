/**
 * Answers a ticket whose request another one has already made true, or is making true: it gets the event that says so at once, since the
 * operation itself speaks only to the ticket that began it.
 */
import { accessEvent } from '../../shared/contracts/events.js';
import { timestamp } from '../../shared/kit/clock.js';
import type { OperationDocument, Origin } from '../../shared/model/operation.js';
import type { Services } from '../wiring.js';

export async function answerTicket(
  kind: 'same' | 'no-change',
  { id, attempt, team: slug, subject, origin: first, plan }: OperationDocument,
  { ticket, traceparent }: Origin,
  { publisher, teams, clock }: Services,
): Promise<void> {
  // The ticket that began the operation hears of it from the operation.
  if (!ticket || ticket === first.ticket) return;
  const about = { occurrence: `${id}/${attempt}/${ticket}`, time: timestamp(clock), subject, ticket, traceparent };
  const access = kind === 'no-change' ? (await teams.read(slug))?.document.access : undefined;
  if (!access) {
    const data = { operationId: id, team: subject, steps: plan.steps.length };
    await publisher.publish(accessEvent('accepted', data, about));
    return;
  }
  const apis = access.apis.map(({ url, models }) => ({ url, models }));
  const data = { operationId: id, team: subject, apis, keyReference: access.keyReference };
  await publisher.publish(accessEvent('ready', data, about));
}
