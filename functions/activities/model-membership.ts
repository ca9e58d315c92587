/**
 * The step that joins a shared model. A sub-orchestration cannot have two parents, so the model's document decides: whoever writes a new
 * generation first has its deployment started as an operation of its own; everybody waits on the document.
 */
import * as contracts from '../../orchestrations/activities.js';
import { busy, pending, ready, refused } from '../../orchestrations/step.js';
import { timestamp } from '../../shared/kit/clock.js';
import { newId } from '../../shared/kit/ids.js';
import { modelPartition, operationId } from '../../shared/model/naming.js';
import { newOperation } from '../../shared/model/operation.js';
import { planHashOf, planModelDeployment } from '../../shared/model/plan.js';
import { problem } from '../../shared/model/problem.js';
import { decideJoin, MODEL_DOCUMENT_ID, type ModelDocument } from '../../shared/model/shared-model.js';
import type { Stored } from '../../shared/store/cosmos.js';
import { sendCommand } from '../intake.js';
import type { Services } from '../wiring.js';
import { implementStep } from './implement.js';

/** Deploy, join, look: three rounds without a race, and some for those who lose one. */
const ROUNDS_MAX = 6;

implementStep(contracts.modelMembership, (services) => ({
  async observe({ model, team }) {
    const found = await services.models.read(model);
    return { isMember: found?.document.members[team] !== undefined };
  },
  async ensure({ model, team }) {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const found = await services.models.read(model);
      const decision = decideJoin(found?.document, team);
      if (decision.kind === 'ready') return ready({ servedName: found!.document.servedName });
      if (decision.kind === 'failed') return refused(deploymentFailed(model, found?.document));
      if (decision.kind === 'wait') return pending(`the shared model "${model}" to be deployed`);
      // Both may lose a race; what is true then is read in the next round.
      if (decision.kind === 'deploy') await beginDeployment(services, model, decision.generation, found);
      else await services.models.addMember(model, found!.document.generation, team, timestamp(services.clock));
    }
    return busy('ModelIsBeingWritten');
  },
  async undo({ model, team }, { isMember }) {
    if (!isMember) await services.models.removeMember(model, team, timestamp(services.clock));
    return ready({});
  },
}));

/** Writes the generation with its operation and sends the command. Losing the race is fine: the winner's deployment is the one to join. */
async function beginDeployment(
  services: Services,
  model: string,
  generation: number,
  found: Stored<ModelDocument> | undefined,
): Promise<void> {
  const { catalog, guardrails, platform, clock, models } = services;
  const entry = catalog.kaito.find(({ name }) => name === model);
  if (!entry) throw new Error(`"${model}" is not in the catalog`);
  const plan = planModelDeployment(entry, generation, platform, guardrails.gpuPoolsMax);
  const now = timestamp(clock);
  const partition = modelPartition(model);
  const operation = newOperation(
    {
      id: operationId(partition, newId(clock.now())),
      team: partition,
      subject: model,
      plan,
      planHash: planHashOf(plan),
      origin: { door: 'internal', requestedBy: 'hai' },
    },
    now,
  );
  const document: ModelDocument = {
    id: MODEL_DOCUMENT_ID,
    team: partition,
    type: 'model',
    name: model,
    phase: 'Deploying',
    generation,
    operationId: operation.id,
    members: found?.document.members ?? {},
    address: plan.address,
    workspace: plan.workspace.name,
    servedName: plan.servedName,
    createdAt: found?.document.createdAt ?? now,
    lastUpdatedAt: now,
  };
  if (!(await models.beginDeployment(document, operation, found?.etag))) return;
  await sendCommand(operation, services);
}

const deploymentFailed = (model: string, document?: ModelDocument) =>
  problem(
    'model-deployment-failed',
    `"${model}" could not be deployed: ${document?.error?.detail ?? 'no cause is known'}`,
    {
      operationId: document?.operationId,
      azureCode: document?.error?.azureCode,
      nextStep: document?.error?.nextStep,
    },
  );
