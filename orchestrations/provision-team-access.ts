/**
 * Gives one team access to its models:
 *
 *   claim → API Management ready → product … key ‖ Foundry account … members ‖ each shared model → connections → proof → record
 *
 * A step that fails undoes the steps before it, newest first, and restores what was there before.
 */
import type { OrchestrationContext } from 'durable-functions';
import { apiStepId, connectionStepId, modelStepId, type TeamPlan } from '../shared/model/plan.js';
import { ROLES } from '../shared/model/roles.js';
import * as activities from './activities.js';
import { runOperation } from './run-operation.js';
import { call, type Process, type Saga } from './saga.js';

export const provisionTeamAccess = (context: OrchestrationContext): Process<unknown> =>
  runOperation(
    context,
    'provision-team-access',
    function* (saga, plan: TeamPlan) {
      yield* saga.step(activities.gatewayReady, 'gateway-ready', {});

      const [gateway, foundry] = (yield* saga.inParallel([
        { name: 'open-gateway', id: 'gateway', input: plan },
        { name: 'create-team-foundry', id: 'foundry', input: plan },
        ...plan.models.map((model) => ({
          name: 'join-kaito-model',
          id: modelStepId(model),
          input: { model, team: plan.slug },
        })),
      ])) as [{ keyReference: string }, { endpoint: string }];

      for (const { provider, ...connection } of plan.connections)
        yield* saga.step(activities.foundryConnection, connectionStepId(provider), connection);

      yield* saga.step(activities.proof, 'proof', plan.proof);
      return { keyReference: gateway.keyReference, foundryEndpoint: foundry.endpoint };
    },
    (attempt, result) => call(context, activities.recordTeamReady, { ...attempt, ...result }),
  );

/** Branch: everything at API Management, strictly in sequence since writes on one product conflict, then the key into the vault. */
export function* openGateway(saga: Saga, plan: TeamPlan): Process<{ keyReference: string }> {
  yield* saga.step(activities.product, 'product', plan.product);
  yield* saga.step(activities.productPolicy, 'product-policy', plan.policy);
  for (const link of plan.apis) yield* saga.step(activities.productApi, apiStepId(link.api), link);
  yield* saga.step(activities.subscription, 'subscription', plan.subscription);
  const key = yield* saga.step(activities.teamKey, 'key', plan.key);
  if (plan.keyReaders.grants.length > 0) yield* saga.step(activities.roleGrants, 'key-readers', plan.keyReaders);
  return key;
}

/** Branch: the team's own Foundry account with its default project, and who may use it. */
export function* createTeamFoundry(saga: Saga, plan: TeamPlan): Process<{ endpoint: string }> {
  const account = yield* saga.step(activities.foundryAccount, 'foundry-account', plan.account);
  const project = yield* saga.step(activities.foundryProject, 'foundry-project', plan.project);
  yield* saga.step(activities.roleGrants, 'project-identity', {
    grants: [
      {
        scope: plan.accountScope,
        roleId: ROLES.foundryUser,
        principalId: project.principalId,
        principalType: 'ServicePrincipal',
      },
    ],
  });
  if (plan.projectMembers.grants.length > 0)
    yield* saga.step(activities.roleGrants, 'project-members', plan.projectMembers);
  return account;
}

/** Branch: one shared model, deployed by whoever asks first, joined by the others. */
export function* joinKaitoModel(saga: Saga, input: { model: string; team: string }): Process<{ servedName: string }> {
  return yield* saga.step(activities.modelMembership, modelStepId(input.model), input);
}
