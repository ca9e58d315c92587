/** Every orchestration by the name under which it is registered. */
import type { OrchestrationContext } from 'durable-functions';
import { awaitReady } from './await-ready.js';
import { deployKaitoModel } from './deploy-kaito-model.js';
import { createTeamFoundry, joinKaitoModel, openGateway, provisionTeamAccess } from './provision-team-access.js';
import { AWAIT_READY, branch, type Process, Saga, type SagaScope } from './saga.js';

/** Makes a sub-orchestration of a branch: it takes the scope of its parent and never throws. */
const asBranch =
  <Input, Result>(body: (saga: Saga, input: Input) => Process<Result>) =>
  (context: OrchestrationContext): Process<unknown> => {
    const { scope, input } = context.df.getInput<{ scope: SagaScope; input: Input }>()!;
    return branch(new Saga(context, scope), (saga) => body(saga, input));
  };

export const PROCESSES: Record<string, (context: OrchestrationContext) => Process<unknown>> = {
  'provision-team-access': provisionTeamAccess,
  'open-gateway': asBranch(openGateway),
  'create-team-foundry': asBranch(createTeamFoundry),
  'join-kaito-model': asBranch(joinKaitoModel),
  'deploy-kaito-model': deployKaitoModel,
  [AWAIT_READY]: awaitReady,
};
