/**
 * What must hold when a run is at rest: it ended with a cause or did what was asked, the ledger says what the world has, everybody was told once,
 * and after a failure everything is as it was before.
 */
import { poolName } from '../../local/world/azure/kubernetes/kaito-nodes.js';
import { aheadUntilMs, type LedgerEntry } from '../../shared/model/ledger.js';
import { isAtRest, type OperationDocument } from '../../shared/model/operation.js';
import type { Subjects } from './processes.js';
import { type Document, INSTANCE_TYPE, type Stage } from './stage.js';

/** The subject as it was before the run. */
export interface Before {
  inventory: Set<string>;
  ledger: string[];
}

export const lookBefore = async (stage: Stage, subjects: Subjects): Promise<Before> => ({
  inventory: stage.inventory(),
  ledger: ledgerText(await stage.documents(partitionOf(subjects))),
});

export const partitionOf = ({ slug, model }: Subjects): string => slug ?? `model_${model}`;

const entriesIn = (documents: readonly Document[]): LedgerEntry[] =>
  documents.filter(({ type }) => type === 'ledger-entry') as unknown as LedgerEntry[];

const ledgerText = (documents: readonly Document[]): string[] =>
  entriesIn(documents)
    .map(({ key, state, spec }) => `${key} ${state} ${JSON.stringify(spec)}`)
    .sort();

/** Everything that is wrong; nothing when the run came to a good end, or to a clean one. `ends`: how often listeners must have been told. */
export async function complaints(
  stage: Stage,
  subjects: Subjects,
  before: Before,
  operation: OperationDocument,
  ends: number,
): Promise<string[]> {
  const documents = await stage.documents(partitionOf(subjects));
  const entries = entriesIn(documents);
  return [
    ...wrongWith(operation, stage, ends),
    ...(operation.phase === 'succeeded' ? [] : changes(before.ledger, ledgerText(documents))),
    ...leftIn(documents, stage.hai.clock.now()),
    ...differences(subjects, before, stage.inventory(), entries),
  ];
}

/** What waits for a person has told why, and the ledger knows all that is left. */
export async function complaintsOfStuck(
  stage: Stage,
  subjects: Subjects,
  before: Before,
  operation: OperationDocument,
): Promise<string[]> {
  const entries = entriesIn(await stage.documents(partitionOf(subjects)));
  return [
    ...wrongWith(operation, stage, 1),
    ...differences(subjects, before, stage.inventory(), entries).filter((line) => !line.startsWith(NOT_THERE)),
  ];
}

function wrongWith({ id, phase, error }: OperationDocument, stage: Stage, ends: number): string[] {
  const wrong: string[] = [];
  if (!isAtRest(phase)) wrong.push(`it is ${phase} for ever`);
  const hasCause = error?.code && error.detail && error.code !== 'canceled';
  if (phase !== 'succeeded' && !hasCause) wrong.push(`it has no cause: ${JSON.stringify(error)}`);
  const told = new Set(endEvents(stage, id)).size;
  if (told !== ends) wrong.push(`its listeners were told ${told} times that it ended, not ${ends}`);
  return wrong;
}

const changes = (was: readonly string[], is: readonly string[]): string[] => [
  ...is.filter((line) => !was.includes(line)).map((line) => `the ledger has gained ${line}`),
  ...was.filter((line) => !is.includes(line)).map((line) => `the ledger has lost ${line}`),
];

const END = /\.(ready|failed|canceled|retired)\.v1$/;

const endEvents = ({ events }: Stage, operationId: string): string[] =>
  events
    .filter(({ type, data }) => END.test(type) && (data as { operationId?: string }).operationId === operationId)
    .map(({ id }) => id);

function leftIn(documents: readonly Document[], nowMs: number): string[] {
  const wrong: string[] = [];
  const events = documents.filter(({ type }) => type === 'outbox').length;
  if (events > 0) wrong.push(`${events} events are not published`);
  const head = documents.find(({ type }) => type === 'ledger');
  if (head?.['holder']) wrong.push(`the ledger is held by ${String(head['holder'])}`);
  const entries = entriesIn(documents);
  for (const { key, state } of entries) if (!['held', 'foreign'].includes(state)) wrong.push(`${key} is ${state}`);
  if (aheadUntilMs(entries, nowMs) !== undefined) wrong.push('a call may still land');
  const subject = documents.find(({ type }) => type === 'team' || type === 'model');
  if (subject?.['lane'] || (subject?.['queue'] as unknown[] | undefined)?.length) wrong.push('its line is not empty');
  return wrong;
}

/** What the world has of the subjects and no entry tells of, and the other way round. */
function differences(
  { slug, model }: Subjects,
  before: Before,
  inventory: Set<string>,
  entries: readonly LedgerEntry[],
): string[] {
  const names = [...(slug ? [slug] : []), ...(model ? [model, poolOf(model)] : [])];
  const isTheirs = (id: string) => names.some((name) => id.includes(name)) || !before.inventory.has(id);
  const things = [...inventory].filter(isTheirs);
  const claims = entries.map(claimOf).filter((claim) => claim !== undefined);
  const isGone = [...before.inventory].filter((id) => !isTheirs(id) && !inventory.has(id));
  return [
    ...things.filter((id) => !claims.some(({ covers }) => covers.test(id))).map((id) => `nobody’s: ${id}`),
    ...claims.filter(({ needs }) => !things.some((id) => needs.test(id))).map(({ text }) => `${NOT_THERE}${text}`),
    ...isGone.map((id) => `gone, and somebody else’s: ${id}`),
  ];
}

/** KAITO names a model's node pool by its Workspace. */
const poolOf = (model: string): string =>
  poolName({
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    metadata: { name: `workspace-${model}`, namespace: 'kaito-models' },
    resource: { instanceType: INSTANCE_TYPE },
  } as unknown as Parameters<typeof poolName>[0]);

const NOT_THERE = 'in the ledger, and not there: ';

interface Claim {
  text: string;
  /** Something of this must be there. */
  needs: RegExp;
  /** And all of this is accounted for. */
  covers: RegExp;
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Which ids of the inventory an entry stands for; undefined where the thing is a document of hai's own. */
function claimOf({ kind, spec, asked }: LedgerEntry): Claim | undefined {
  const { id } = spec ?? asked;
  const name = quoted(id.slice(id.lastIndexOf('/') + 1));
  const exactly = new RegExp(`^${quoted(id)}$`, 'i');
  const same = (needs: RegExp, covers = needs): Claim => ({ text: `${kind} ${id}`, needs, covers });
  switch (kind) {
    case 'model-membership':
      return undefined;
    case 'product-policy':
      return same(new RegExp(`^${quoted(id)}/policies/policy$`, 'i'));
    case 'team-key':
      return same(new RegExp(`/vaults/[^/]+/secrets/${name}$`));
    case 'gpu-pool':
      return same(new RegExp(`/agentPools/${poolOf(name.replace('of-workspace-', ''))}$`));
    case 'workspace':
      // KAITO makes a Service and Pods of the Workspace's name.
      return same(
        new RegExp(`/Workspace/[^/]+/${name}$`),
        new RegExp(`/(Workspace|Service|Pod|StatefulSet)/[^/]+/${name}(-\\d+)?$`),
      );
    case 'model-service':
      return same(new RegExp(`^v1/Service/[^/]+/${name}$`));
    default:
      return same(exactly);
  }
}
