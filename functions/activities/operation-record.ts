/** The activities that keep the operation's own record: claimed, unwinding, ended; each with the event that tells the world. */
import * as contracts from '../../orchestrations/activities.js';
import { timestamp } from '../../shared/kit/clock.js';
import type { OperationDocument } from '../../shared/model/operation.js';
import type { TeamPlan } from '../../shared/model/plan.js';
import type { TeamAccess } from '../../shared/model/team.js';
import { acceptedData, announce, readyData } from '../announce.js';
import type { Services } from '../wiring.js';
import { implementActivity } from './implement.js';

implementActivity(contracts.claimOperation, async ({ operationId, attempt, instanceId }, services) => {
  const { operations, clock } = services;
  if (!(await operations.start(operationId, attempt, instanceId, timestamp(clock)))) return {};
  const operation = await readOperation(services, operationId);
  await announce(services, operation, 'accepted', acceptedData(operation));
  return { plan: operation.plan };
});

implementActivity(contracts.recordStepFailure, async ({ step, status, problem }, { operations, clock }) => {
  const change = { status, error: problem };
  await operations.changeStep(step.operationId, step.attempt, step.stepIndex, change, timestamp(clock));
  return {};
});

implementActivity(contracts.beginUnwinding, async ({ operationId, attempt, problem }, { operations, clock }) => {
  await operations.beginUnwinding(operationId, attempt, problem, timestamp(clock));
  return {};
});

implementActivity(contracts.recordTeamReady, async ({ operationId, keyReference, foundryEndpoint }, services, log) => {
  const operation = await readOperation(services, operationId);
  const plan = operation.plan as TeamPlan;
  const access = accessOf(plan, services.platform.apiManagement.gatewayUrl, keyReference, foundryEndpoint);
  const end = { operation: { phase: 'succeeded' as const }, team: { phase: 'Ready' as const, access } };
  await services.teams.end(operation, end, timestamp(services.clock));
  log(endLine(operation, 'succeeded', services));
  await announce(services, operation, 'ready', readyData(operation, access));
  return {};
});

implementActivity(contracts.recordModelReady, async ({ operationId }, services, log) => {
  const operation = await readOperation(services, operationId);
  const end = { operation: { phase: 'succeeded' as const }, model: { phase: 'Ready' as const } };
  await services.models.end(operation, end, timestamp(services.clock));
  log(endLine(operation, 'succeeded', services));
  return {};
});

implementActivity(contracts.recordFailure, async ({ operationId, phase, problem }, services, log) => {
  const operation = await readOperation(services, operationId);
  const now = timestamp(services.clock);
  const error = { ...problem, operationId };
  const outcome = phase === 'failed' ? ('Failed' as const) : ('Stuck' as const);
  if (operation.kind === 'deploy-kaito-model')
    await services.models.end(operation, { operation: { phase, error }, model: { phase: outcome, error } }, now);
  else await services.teams.end(operation, { operation: { phase, error }, team: { phase: outcome } }, now);
  log(endLine(operation, phase, services));
  await announce(services, operation, 'failed', { operationId, team: operation.subject, phase, problem: error });
  return {};
});

/** One line per end, which the alerts for stuck operations and for time to access read (`bicep/modules/alerts.bicep`). */
function endLine({ id, kind, createdAt }: OperationDocument, phase: string, { clock }: Services): string {
  const seconds = Math.round((clock.now() - Date.parse(createdAt)) / 1000);
  return `Operation ended ${JSON.stringify({ id, kind, phase, seconds })}`;
}

async function readOperation({ operations }: Services, id: string): Promise<OperationDocument> {
  const found = await operations.read(id);
  if (!found) throw new Error(`Operation "${id}" is gone`);
  return found.document;
}

const accessOf = (plan: TeamPlan, gatewayUrl: string, keyReference: string, foundryEndpoint: string): TeamAccess => ({
  gatewayUrl,
  apis: plan.connections.map(({ target, models }, index) => ({
    api: plan.apis[index]!.api,
    url: target,
    models: models.map(({ name }) => name),
  })),
  product: plan.product.name,
  subscription: plan.subscription.name,
  keyReference,
  foundryResource: plan.account.name,
  foundryEndpoint,
  foundryProject: plan.project.name,
  connections: plan.connections.map(({ name }) => name),
});
