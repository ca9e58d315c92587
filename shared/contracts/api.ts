/**
 * The HTTP API: every route declared once as data, and what its answers look like. The doors implement these, and documentation, command line
 * and tests follow from them. Views are what callers see: never a secret, never more than they need.
 */
import { z } from 'zod';
import type { Catalog } from '../model/catalog.js';
import { API_PATHS } from '../model/naming.js';
import {
  isAtRest,
  type ListedOperation,
  OPERATION_KINDS,
  OPERATION_PHASES,
  OPERATION_STATUSES,
  type OperationDocument,
  type OperationStep,
  STEP_STATUSES,
  statusOf,
} from '../model/operation.js';
import { ProblemSchema } from '../model/problem.js';
import { TeamAccessRequestSchema } from '../model/request.js';
import { MODEL_PHASES, type ModelDocument } from '../model/shared-model.js';
import { TEAM_PHASES, type TeamDocument } from '../model/team.js';

/** Below the host's route prefix (`api`). */
const V1 = 'v1';

export const StepViewSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    status: z.enum(STEP_STATUSES),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    waitingFor: z.string().optional(),
    wakesAt: z
      .string()
      .optional()
      .meta({ description: 'The latest moment at which a waiting step says something again' }),
    error: ProblemSchema.optional(),
  })
  .meta({ id: 'Step' });

/** The status monitor of the Microsoft REST guidelines, with hai's own phase and steps. */
export const OperationViewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(OPERATION_KINDS),
    subject: z.string().meta({ description: 'The team or the model' }),
    status: z.enum(OPERATION_STATUSES),
    phase: z.enum(OPERATION_PHASES),
    attempt: z.number(),
    stop: z.enum(['cancel', 'failed']).optional().meta({ description: 'Why it walks, or will walk, back' }),
    retryOf: z.string().optional().meta({ description: 'The ended operation that this one repeats' }),
    percentComplete: z.number(),
    requestedBy: z.string(),
    ticket: z.string().optional(),
    createdAt: z.string(),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    lastUpdatedAt: z.string(),
    steps: z.array(StepViewSchema),
    error: ProblemSchema.optional(),
    links: z.object({ self: z.string(), team: z.string().optional() }),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof OperationViewSchema>;

/** A list shows what a list needs; details are one click away. */
export const OperationSummarySchema = OperationViewSchema.omit({ steps: true }).meta({ id: 'OperationSummary' });

export const TeamViewSchema = z
  .object({
    name: z.string(),
    phase: z.enum(TEAM_PHASES),
    generation: z.number(),
    spec: TeamAccessRequestSchema.shape.spec,
    access: z
      .object({
        gatewayUrl: z.string(),
        apis: z.array(z.object({ api: z.string(), url: z.string(), models: z.array(z.string()) })),
        product: z.string(),
        subscription: z.string(),
        keyReference: z.string().meta({ description: 'Where members read the key; the key itself is never shown' }),
        foundryResource: z.string(),
        foundryEndpoint: z.string(),
        foundryProject: z.string(),
        connections: z.array(z.string()),
      })
      .optional(),
    createdAt: z.string(),
    lastUpdatedAt: z.string(),
    queue: z.array(z.string()).meta({ description: 'Operations that wait, in order' }),
    links: z.object({ self: z.string(), operation: z.string() }),
  })
  .meta({ id: 'Team' });
export type TeamView = z.infer<typeof TeamViewSchema>;

export const ModelViewSchema = z
  .object({
    name: z.string(),
    provider: z.enum(['foundry', 'kaito']),
    enabled: z.boolean(),
    deployment: z
      .object({
        phase: z.enum(MODEL_PHASES),
        generation: z.number(),
        address: z.string(),
        members: z.array(z.string()),
        operation: z.string(),
        error: ProblemSchema.optional(),
      })
      .optional()
      .meta({ description: 'Of a shared model that some team asked for' }),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelViewSchema>;

export const RejectedViewSchema = z
  .object({
    id: z.string(),
    queue: z.string(),
    messageId: z.string(),
    ticket: z.string().optional(),
    problem: ProblemSchema,
    excerpt: z.string(),
    deliveryCount: z.number(),
    receivedAt: z.string(),
  })
  .meta({ id: 'Rejected' });

export const PlatformViewSchema = z
  .object({
    location: z.string(),
    gatewayUrl: z.string(),
    apis: z.array(z.object({ provider: z.string(), url: z.string() })),
    guardrails: z.record(z.string(), z.object({ tokensPerMinuteMax: z.number(), dailyTokenQuotaMax: z.number() })),
  })
  .meta({ id: 'Platform' });

export const HealthSchema = z.object({
  status: z.enum(['ok', 'unavailable']),
  checks: z.record(z.string(), z.string()).optional(),
});

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ value: z.array(item), nextLink: z.string().optional() });

/** Largest page; lists hold summaries of a few hundred bytes. */
const PAGE_SIZE_MAX = 200;
const paging = {
  maxpagesize: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(50),
  continuation: z.string().max(8192).optional(),
};

export interface RouteContract {
  /** Also the name of the function. */
  name: string;
  method: 'GET' | 'POST';
  /** Below the route prefix, parameters in braces. */
  path: string;
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType;
  answers: Record<number, z.ZodType>;
}

const route = <Contract extends RouteContract>(contract: Contract): Contract => contract;

export const ROUTES = {
  requestTeamAccess: route({
    name: 'request-team-access',
    method: 'POST',
    path: `${V1}/access-requests`,
    summary: 'Ask for access; the answer names the operation to follow',
    body: TeamAccessRequestSchema,
    answers: { 202: OperationViewSchema, 200: OperationViewSchema },
  }),
  listOperations: route({
    name: 'list-operations',
    method: 'GET',
    path: `${V1}/operations`,
    summary: 'Operations, newest first',
    query: z.object({
      team: z.string().max(64).optional(),
      kind: OperationViewSchema.shape.kind.optional(),
      status: OperationViewSchema.shape.status.optional(),
      ...paging,
    }),
    answers: { 200: listOf(OperationSummarySchema) },
  }),
  readOperation: route({
    name: 'read-operation',
    method: 'GET',
    path: `${V1}/operations/{id}`,
    summary: 'One operation with its steps; answers 304 to a known ETag',
    answers: { 200: OperationViewSchema },
  }),
  cancelOperation: route({
    name: 'cancel-operation',
    method: 'POST',
    path: `${V1}/operations/{id}/cancel`,
    summary: 'Stop it: what waits ends at once, what runs walks back; 409 after its first removal',
    answers: { 202: OperationViewSchema, 200: OperationViewSchema },
  }),
  retryOperation: route({
    name: 'retry-operation',
    method: 'POST',
    path: `${V1}/operations/{id}/retry`,
    summary: 'Try again: the next attempt of what is held or stuck, a new operation for what has failed',
    answers: { 202: OperationViewSchema, 200: OperationViewSchema },
  }),
  listTeams: route({
    name: 'list-teams',
    method: 'GET',
    path: `${V1}/teams`,
    summary: 'All teams, by name',
    query: z.object(paging),
    answers: { 200: listOf(TeamViewSchema) },
  }),
  readTeam: route({
    name: 'read-team',
    method: 'GET',
    path: `${V1}/teams/{team}`,
    summary: 'One team: what it asked for and what it holds',
    answers: { 200: TeamViewSchema },
  }),
  listModels: route({
    name: 'list-models',
    method: 'GET',
    path: `${V1}/models`,
    summary: 'The catalog, and where the shared models stand',
    answers: { 200: listOf(ModelViewSchema) },
  }),
  readPlatform: route({
    name: 'read-platform',
    method: 'GET',
    path: `${V1}/platform`,
    summary: 'The platform: gateway, APIs, guardrails',
    answers: { 200: PlatformViewSchema },
  }),
  listRejected: route({
    name: 'list-rejected',
    method: 'GET',
    path: `${V1}/rejected`,
    summary: 'Inputs that could not be taken, newest first',
    query: z.object(paging),
    answers: { 200: listOf(RejectedViewSchema) },
  }),
  readHealth: route({
    name: 'read-health',
    method: 'GET',
    path: 'health',
    summary: 'The process answers',
    answers: { 200: HealthSchema },
  }),
  readReadiness: route({
    name: 'read-readiness',
    method: 'GET',
    path: 'ready',
    summary: 'The stores that hai needs answer',
    answers: { 200: HealthSchema, 503: HealthSchema },
  }),
} as const;

/** URL of the API on a host: `https://host/api`. */
export type ApiBase = string;

export const operationUrl = (base: ApiBase, id: string): string => `${base}/${V1}/operations/${encodeURIComponent(id)}`;
export const teamUrl = (base: ApiBase, name: string): string => `${base}/${V1}/teams/${encodeURIComponent(name)}`;

/** `titles` of the steps, in their order; a list, which shows no steps, needs none. */
export function operationView(operation: OperationDocument, titles: readonly string[], base: ApiBase): OperationView {
  const steps = operation.steps.map((step, index) => stepView(step, titles[index] ?? step.id));
  return { ...operationSummary(operation, base), steps };
}

/** What a step waited for is of interest only while it waits. */
function stepView({ waitingFor, wakesAt, ...step }: OperationStep, title: string): z.infer<typeof StepViewSchema> {
  const waits = step.status === 'waiting' || step.status === 'undoing';
  // What was done by one call began when it ended, as far as anybody can tell.
  const startedAt = step.startedAt ?? step.endedAt;
  return { ...step, startedAt, title, ...(waits && { waitingFor, wakesAt }) };
}

export function operationSummary(operation: ListedOperation, base: ApiBase): z.infer<typeof OperationSummarySchema> {
  const { id, kind, subject, phase, attempt, stop, retryOf, createdAt, startedAt, endedAt, lastUpdatedAt, error } =
    operation;
  const isTeam = kind === 'provision-team-access';
  return {
    id,
    kind,
    subject,
    status: statusOf(phase),
    phase,
    attempt,
    stop,
    retryOf,
    percentComplete: percentOf(operation),
    requestedBy: operation.origin.requestedBy,
    ticket: operation.origin.ticket,
    createdAt,
    startedAt,
    endedAt,
    lastUpdatedAt,
    error,
    links: { self: operationUrl(base, id), team: isTeam ? teamUrl(base, subject) : undefined },
  };
}

export const teamView = (
  { name, phase, generation, spec, access, queue, ...team }: TeamDocument,
  base: ApiBase,
): TeamView => ({
  name,
  phase,
  generation,
  spec,
  access,
  queue: queue.map(({ operationId }) => operationUrl(base, operationId)),
  createdAt: team.createdAt,
  lastUpdatedAt: team.lastUpdatedAt,
  links: { self: teamUrl(base, name), operation: operationUrl(base, team.operationId) },
});

export function modelViews(catalog: Catalog, deployed: ModelDocument[], base: ApiBase): ModelView[] {
  const deploymentOf = (name: string): ModelView['deployment'] => {
    const found = deployed.find((document) => document.name === name);
    if (!found) return undefined;
    const { phase, generation, address, members, operationId, error } = found;
    return {
      phase,
      generation,
      address,
      members: Object.keys(members),
      operation: operationUrl(base, operationId),
      error,
    };
  };
  return (Object.keys(API_PATHS) as (keyof typeof API_PATHS)[]).flatMap((provider) =>
    catalog[provider].map(({ name, enabled }) => ({
      name,
      provider,
      enabled,
      deployment: provider === 'kaito' ? deploymentOf(name) : undefined,
    })),
  );
}

function percentOf({ phase, steps }: ListedOperation): number {
  if (isAtRest(phase)) return 100;
  const done = steps.filter((step) => step.status === 'succeeded').length;
  return Math.floor((done / Math.max(steps.length, 1)) * 100);
}
