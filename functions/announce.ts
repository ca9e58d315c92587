/** Tells the world what happened to an operation. One event per occurrence: an activity that runs again publishes the same id again. */
import { accessEvent, type EventData, type EventName } from '../shared/contracts/events.js';
import { timestamp } from '../shared/kit/clock.js';
import type { OperationDocument } from '../shared/model/operation.js';
import type { TeamAccess } from '../shared/model/team.js';
import type { Services } from './wiring.js';

/** What an announcement has to know of its operation; the origin says whom to answer. */
export type Announced = Pick<OperationDocument, 'id' | 'attempt' | 'subject' | 'origin'>;

/** `part` tells occurrences of one kind apart: the step, or another ticket. */
export async function announce<Name extends EventName>(
  { publisher, clock }: Services,
  { id, attempt, subject, origin: { ticket, traceparent } }: Announced,
  name: Name,
  data: EventData<Name>,
  part?: string,
): Promise<void> {
  const occurrence = [id, attempt, part].filter((piece) => piece !== undefined).join('/');
  await publisher.publish(
    accessEvent(name, data, { occurrence, time: timestamp(clock), subject, ticket, traceparent }),
  );
}

export const acceptedData = ({ id, subject, plan }: OperationDocument): EventData<'accepted'> => ({
  operationId: id,
  team: subject,
  steps: plan.steps.length,
});

export const readyData = ({ id, subject }: Announced, { apis, keyReference }: TeamAccess): EventData<'ready'> => ({
  operationId: id,
  team: subject,
  apis: apis.map(({ url, models }) => ({ url, models })),
  keyReference,
});
