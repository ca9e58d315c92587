/** What must hold when everything is at rest. Read from outside: the documents, what callers and tickets were told, what stands in Azure. */
import { CosmosClient } from '@azure/cosmos';
import type { OutboxDocument } from '../../shared/application/announce.js';
import type { CloudEvent } from '../../shared/contracts/events.js';
import type { LedgerEntry, LedgerHead } from '../../shared/model/ledger.js';
import { hasEnded, type OperationDocument } from '../../shared/model/operation.js';
import type { ModelDocument } from '../../shared/model/shared-model.js';
import type { TeamDocument } from '../../shared/model/team.js';
import { type Ask, type Asks, operationsIn } from './asks.js';
import type { Outside } from './platform.js';
import { REFUSAL } from './stories.js';

type AnyDocument = OperationDocument | TeamDocument | ModelDocument | LedgerEntry | LedgerHead | OutboxDocument;

/** Everything that hai has written down. */
export class Documents {
  private constructor(private readonly all: AnyDocument[]) {}

  static async read({ cosmos }: Outside): Promise<Documents> {
    const client = new CosmosClient(cosmos);
    const { resources } = await client
      .database('hai')
      .container('access')
      .items.query<AnyDocument>('SELECT * FROM c')
      .fetchAll();
    client.dispose();
    return new Documents(resources);
  }

  of<Type extends AnyDocument['type']>(type: Type): Extract<AnyDocument, { type: Type }>[] {
    return this.all.filter((one): one is Extract<AnyDocument, { type: Type }> => one.type === type);
  }

  get isAtRest(): boolean {
    return this.moving().length === 0 && this.unpublished().length === 0;
  }

  moving(): string[] {
    const moving = this.of('operation').filter(({ phase }) => !hasEnded(phase));
    return moving.map(({ id, phase }) => `${id} is ${phase}`);
  }

  unpublished(): string[] {
    return this.of('outbox').map(({ team, event }) => `${event.type} of ${team} is not published`);
  }
}

export interface Findings {
  /** Accepted, and gone, without an end, or ended without a cause. */
  lost: string[];
  /** One key or ticket, several operations. */
  doubled: string[];
  /** A ticket that was not told what became of it, or told more than once. */
  untold: string[];
  /** What stands and belongs to nobody, or should stand and does not. */
  orphaned: string[];
}

export const END = /\.access\.(ready|failed|canceled)\.v1$/;

export function findings(
  documents: Documents,
  asks: Asks,
  inventory: readonly string[],
  wanted: readonly string[],
): Findings {
  const operations = new Map(documents.of('operation').map((operation) => [operation.id, operation]));
  return {
    lost: [...unended(documents), ...asks.all.flatMap((asked) => lostOf(asked, asks, operations))],
    doubled: [...asks.all.flatMap((asked) => doubledOf(asked, asks)), ...begunTwice(documents)],
    untold: [
      ...documents.unpublished(),
      ...asks.all
        .filter(({ door }) => door === 'bus')
        .flatMap(({ key }) => untoldOf(key, asks.events.get(key) ?? [], operations)),
    ],
    orphaned: [...leftInLedgers(documents), ...differences(inventory, wanted)],
  };
}

function unended(documents: Documents): string[] {
  const withoutCause = documents
    .of('operation')
    .filter(({ phase, error }) => hasEnded(phase) && phase !== 'succeeded' && !(error?.code && error.detail))
    .map(({ id, phase }) => `${id} is ${phase} without a cause`);
  // Nothing but what the stories have refused goes wrong in this world.
  const withoutReason = documents
    .of('operation')
    .filter(({ phase, error }) => phase === 'failed' && error?.azureCode !== REFUSAL.code)
    .map(({ id, error }) => `${id} has failed for no reason: ${error?.code}, ${error?.detail}`);
  return [...documents.moving(), ...withoutCause, ...withoutReason];
}

function lostOf({ key, door, ids, answers }: Ask, asks: Asks, operations: Map<string, OperationDocument>): string[] {
  const named = door === 'http' ? [...ids] : operationsIn(asks.events.get(key));
  const gone = named.filter((id) => !operations.has(id)).map((id) => `${key} was told ${id}, which does not exist`);
  if (named.length === 0)
    gone.push(`${key} was ${door === 'http' ? `answered ${answers} times` : 'sent'}, and no operation is its`);
  return gone;
}

function doubledOf({ key, door, ids }: Ask, asks: Asks): string[] {
  const named = door === 'http' ? [...ids] : operationsIn(asks.events.get(key));
  return named.length > 1 ? [`${key} has ${named.length} operations: ${named.join(', ')}`] : [];
}

/** By what the operations themselves say of whom they are for. */
function begunTwice(documents: Documents): string[] {
  const byOrigin = new Map<string, string[]>();
  for (const { id, origin } of documents.of('operation')) {
    const name = origin.sourceId && `${origin.source} ${origin.sourceId}`;
    if (name) byOrigin.set(name, [...(byOrigin.get(name) ?? []), id]);
  }
  return [...byOrigin]
    .filter(([, ids]) => ids.length > 1)
    .map(([name, ids]) => `${name} has begun ${ids.length} operations: ${ids.join(', ')}`);
}

function untoldOf(ticket: string, events: readonly CloudEvent[], operations: Map<string, OperationDocument>): string[] {
  const distinct = [...new Map(events.map((event) => [event.id, event])).values()];
  const ends = distinct.filter(({ type }) => END.test(type));
  const accepted = distinct.filter(({ type }) => type.endsWith('.access.accepted.v1'));
  const [id = ''] = operationsIn(events);
  const operation = operations.get(id);
  const wrong: string[] = [];
  if (ends.length !== 1) wrong.push(`${ticket} heard ${ends.length} ends of ${id || 'nothing'}`);
  if (accepted.length === 0 && operation?.origin.ticket === ticket)
    wrong.push(`${ticket} never heard that it was accepted`);
  if (distinct.some(({ type }) => type.endsWith('.rejected.v1'))) wrong.push(`${ticket} was rejected`);
  const word = ends[0]?.type.split('.').at(-2);
  if (word && operation && word !== (operation.phase === 'succeeded' ? 'ready' : operation.phase))
    wrong.push(`${ticket} heard "${word}" of ${id}, which is ${operation.phase}`);
  return wrong;
}

function leftInLedgers(documents: Documents): string[] {
  return [
    ...documents
      .of('ledger-entry')
      .filter(({ state }) => !['held', 'foreign'].includes(state))
      .map(({ key, team, state }) => `${key} of ${team} is ${state}`),
    ...documents
      .of('ledger')
      .filter(({ holder }) => holder)
      .map(({ team, holder }) => `the ledger of ${team} is held by ${holder}`),
    ...[...documents.of('team'), ...documents.of('model')]
      .filter(({ lane, queue }) => lane || queue.length > 0)
      .map(({ team }) => `the line of ${team} is not empty`),
  ];
}

const differences = (inventory: readonly string[], wanted: readonly string[]): string[] => [
  ...inventory.filter((id) => !wanted.includes(id)).map((id) => `nobody’s: ${id}`),
  ...wanted.filter((id) => !inventory.includes(id)).map((id) => `missing: ${id}`),
];

export async function readInventory({ controlUrl }: Outside): Promise<string[]> {
  const { value } = (await (await fetch(`${controlUrl}/inventory`)).json()) as { value: string[] };
  return value.sort();
}
