/**
 * The events that hai publishes on topic `access-events`: CloudEvents 1.0 in the past tense, with types of their own for every kind of
 * operation. Ids are derived from what happened, so a consumer that sees one twice can tell. No event holds a secret.
 */
import { z } from 'zod';
import { sha256 } from '../kit/ids.js';
import { ProblemSchema } from '../model/problem.js';

export const EVENT_TYPES = {
  accepted: 'com.contoso.hai.access.accepted.v1',
  stepCompleted: 'com.contoso.hai.access.step-completed.v1',
  ready: 'com.contoso.hai.access.ready.v1',
  failed: 'com.contoso.hai.access.failed.v1',
  canceled: 'com.contoso.hai.access.canceled.v1',
  rejected: 'com.contoso.hai.access.rejected.v1',
  modelAccepted: 'com.contoso.hai.model.accepted.v1',
  modelStepCompleted: 'com.contoso.hai.model.step-completed.v1',
  modelReady: 'com.contoso.hai.model.ready.v1',
  modelRetired: 'com.contoso.hai.model.retired.v1',
  modelFailed: 'com.contoso.hai.model.failed.v1',
} as const;
export type EventName = keyof typeof EVENT_TYPES;

const ofTeam = { operationId: z.string(), team: z.string() };
const ofModel = { operationId: z.string(), model: z.string() };
/** `held` and `stuck` wait for a person; `failed` is over. */
const failure = { phase: z.enum(['failed', 'canceled', 'held', 'stuck']), problem: ProblemSchema };

export const EVENT_DATA = {
  accepted: z.object({ ...ofTeam, steps: z.number() }),
  stepCompleted: z.object({ ...ofTeam, step: z.string(), title: z.string() }),
  ready: z.object({
    ...ofTeam,
    apis: z.array(z.object({ url: z.string(), models: z.array(z.string()) })),
    keyReference: z.string(),
  }),
  failed: z.object({ ...ofTeam, ...failure }),
  canceled: z.object({ ...ofTeam, reason: z.string() }),
  rejected: z.object({ rejectedId: z.string(), problem: ProblemSchema }),
  modelAccepted: z.object({ ...ofModel, kind: z.string(), steps: z.number() }),
  modelStepCompleted: z.object({ ...ofModel, step: z.string(), title: z.string() }),
  modelReady: z.object(ofModel),
  modelRetired: z.object(ofModel),
  modelFailed: z.object({ ...ofModel, ...failure }),
} as const satisfies Record<EventName, z.ZodType>;
export type EventData<Name extends EventName> = z.infer<(typeof EVENT_DATA)[Name]>;

/** Structured-mode CloudEvent. `ticket` is an extension attribute: the ticket that the request named. */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject?: string;
  time: string;
  datacontenttype: 'application/json';
  ticket?: string;
  traceparent?: string;
  data: unknown;
}

export const EVENT_SOURCE = '/hai';

/** Builds an event; `occurrence` names what happened (operation, attempt, step) and becomes its id. */
export function accessEvent<Name extends EventName>(
  name: Name,
  data: EventData<Name>,
  about: { occurrence: string; time: string; subject?: string; ticket?: string; traceparent?: string },
): CloudEvent {
  const { occurrence, ...attributes } = about;
  return {
    specversion: '1.0',
    id: sha256(`${name}|${occurrence}`).slice(0, 32),
    source: EVENT_SOURCE,
    type: EVENT_TYPES[name],
    datacontenttype: 'application/json',
    ...attributes,
    data,
  };
}
