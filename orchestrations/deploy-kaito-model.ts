/**
 * Deploys one shared model for all teams:
 *
 *   claim → capacity → Workspace ready → Service with the planned address → DNS record → API Management ready → backend → it answers → record
 */
import type { OrchestrationContext } from 'durable-functions';
import type { ModelPlan } from '../shared/model/plan.js';
import * as activities from './activities.js';
import { runOperation } from './run-operation.js';
import { call, type Process } from './saga.js';

export const deployKaitoModel = (context: OrchestrationContext): Process<unknown> =>
  runOperation(
    context,
    'deploy-kaito-model',
    function* (saga, plan: ModelPlan) {
      yield* saga.step(activities.clusterCapacity, 'capacity', plan.capacity);
      yield* saga.step(activities.workspace, 'workspace', plan.workspace);
      yield* saga.step(activities.modelService, 'service', plan.service);
      yield* saga.step(activities.dnsRecord, 'dns-record', plan.dnsRecord);
      yield* saga.step(activities.gatewayReady, 'gateway-ready', {});
      yield* saga.step(activities.backend, 'backend', plan.backend);
      yield* saga.step(activities.modelAnswers, 'answers', plan.answers);
    },
    (attempt) => call(context, activities.recordModelReady, attempt),
  );
