/**
 * The shared models' documents: joined, left, deployed for the next generation by whoever comes first, and retired when nobody has been on one
 * for a grace. Every change is one conditional write; losing a race is an answer too.
 */
import { timestamp } from '../kit/clock.js';
import { newId } from '../kit/ids.js';
import type { Placed } from '../model/line.js';
import { modelNames, modelPartition, operationId } from '../model/naming.js';
import {
  decideJoin,
  IDLE_GRACE_SECONDS,
  MODEL_DOCUMENT_ID,
  type ModelDocument,
  memberOf,
} from '../model/shared-model.js';
import { isAccessOpen } from '../model/team.js';
import { heldOf, type Moves } from '../plan/moves.js';
import type { Target } from '../plan/plan-document.js';
import type { SharedModels } from '../resources/services.js';
import { outboxWrite } from './announce.js';
import { sendCommand } from './commands.js';
import { listEntries, readModel, readTeam } from './documents.js';
import { newOperation, planOf } from './new-operation.js';
import type { Services } from './services.js';
import type { Stored, Write } from './store.js';
import { movesTo } from './target.js';

export function sharedModels(services: () => Services): SharedModels {
  return {
    read: async (model) => (await readModel(services().store, modelPartition(model)))?.document,
    join: (model, slug) => join(model, slug, services()),
    leave: (model, slug) => leave(model, slug, services()),
    async recordServedName(model, servedName) {
      const { store } = services();
      const found = await readModel(store, modelPartition(model));
      if (!found || found.document.servedName === servedName) return;
      await store.commit(found.document.team, [{ replace: { ...found.document, servedName }, etag: found.etag }]);
    },
    async isOpen(slug) {
      const team = (await readTeam(services().store, slug))?.document;
      return team === undefined || isAccessOpen(team);
    },
  };
}

/** True when the team has a place on the current generation; false when that has to be looked at again. */
async function join(model: string, slug: string, services: Services): Promise<boolean> {
  const found = await readModel(services.store, modelPartition(model));
  const decision = decideJoin(found?.document, slug);
  if (decision === 'member') return true;
  if (decision === 'wait-for-retirement') return false;
  if (decision === 'deploy') return beginDeployment(model, slug, found, services);
  const { document, etag } = found!;
  const now = timestamp(services.clock);
  const members = { ...document.members, [slug]: { generation: document.generation, since: now } };
  const joined: ModelDocument = { ...document, members, idleSince: undefined, lastUpdatedAt: now };
  return services.store.commit(document.team, [{ replace: joined, etag }]);
}

async function leave(model: string, slug: string, services: Services): Promise<void> {
  const found = await readModel(services.store, modelPartition(model));
  if (!found || !memberOf(found.document, slug)) return;
  const { [slug]: _, ...members } = found.document.members;
  const now = timestamp(services.clock);
  const idleSince = Object.keys(members).length === 0 ? now : undefined;
  const left: ModelDocument = { ...found.document, members, idleSince, lastUpdatedAt: now };
  const isDone = await services.store.commit(left.team, [{ replace: left, etag: found.etag }]);
  if (!isDone) return leave(model, slug, services);
}

/** The next generation, with its operation and its first member, in one transaction. */
async function beginDeployment(
  model: string,
  slug: string,
  found: Stored<ModelDocument> | undefined,
  services: Services,
): Promise<boolean> {
  const generation = (found?.document.generation ?? 0) + 1;
  const now = timestamp(services.clock);
  const member = { [slug]: { generation, since: now } };
  return begin(model, found, 'deploy-kaito-model', { kind: 'shared-model', generation }, services, (former) => ({
    ...former,
    phase: 'Deploying',
    generation,
    members: { ...former.members, ...member },
    idleSince: undefined,
    error: undefined,
  }));
}

/** Retires the models that nobody has belonged to for the grace; called by a timer. */
export async function retireIdleModels(services: Services): Promise<void> {
  const idleBefore = new Date(services.clock.now() - IDLE_GRACE_SECONDS * 1000).toISOString();
  for (const model of await services.store.listModels()) {
    const isIdle =
      model.idleSince !== undefined && model.idleSince < idleBefore && Object.keys(model.members).length === 0;
    if (!isIdle || !['Ready', 'Failed'].includes(model.phase) || model.lane) continue;
    const found = await readModel(services.store, model.team);
    if (found?.document.idleSince !== model.idleSince) continue;
    services.log('info', `Retiring "${model.name}": nobody has been on it since ${model.idleSince}`);
    await begin(model.name, found, 'retire-kaito-model', { kind: 'nothing' }, services, (former) => ({
      ...former,
      phase: 'Retiring',
      idleSince: undefined,
    }));
  }
}

async function begin(
  model: string,
  found: Stored<ModelDocument> | undefined,
  kind: 'deploy-kaito-model' | 'retire-kaito-model',
  target: Target,
  services: Services,
  change: (former: ModelDocument) => ModelDocument,
): Promise<boolean> {
  const { store, clock } = services;
  const partition = modelPartition(model);
  const now = timestamp(clock);
  const id = operationId(partition, newId(clock.now()));
  const subject = { subject: model, team: partition };
  const held = found ? heldOf((await listEntries(store, partition)).map(({ document }) => document)) : [];
  const moves: Moves = movesTo(target, held, subject, services);
  const former = found?.document ?? newModel(model, partition, now, services);
  const changed = change(former);
  const placed: Placed = { operationId: id, kind, generation: changed.generation };
  const document: ModelDocument = {
    ...changed,
    operationId: id,
    lane: placed,
    newest: placed,
    isParked: undefined,
    lastUpdatedAt: now,
  };
  const origin = { door: 'internal' as const, requestedBy: 'hai' };
  const { generation } = changed;
  const operation = newOperation({
    ...subject,
    id,
    kind,
    generation,
    origin,
    failurePolicy: 'undo',
    phase: 'accepted',
    moves,
    now,
  });
  const steps = moves.flat(2).length;
  const writes: Write[] = [
    found ? { replace: document, etag: found.etag } : { create: document },
    { create: operation },
    { create: planOf(operation, target, moves) },
    outboxWrite(services, operation, 'modelAccepted', { operationId: id, model, kind, steps }),
  ];
  if (!(await store.commit(partition, writes))) return false;
  await sendCommand(operation, services).catch(() => {});
  return true;
}

function newModel(model: string, partition: string, now: string, { catalog, platform }: Services): ModelDocument {
  const entry = catalog.kaito.find(({ name }) => name === model);
  if (!entry) throw new Error(`"${model}" is not in the catalog`);
  return {
    id: MODEL_DOCUMENT_ID,
    team: partition,
    type: 'model',
    name: model,
    phase: 'Deploying',
    generation: 0,
    operationId: '',
    members: {},
    queue: [],
    address: entry.staticAddress,
    workspace: modelNames(model, platform.dnsZone).workspace,
    createdAt: now,
    lastUpdatedAt: now,
  };
}
