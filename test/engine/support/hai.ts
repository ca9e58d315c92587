/** hai on a small world: the engine and its use cases on documents in memory, driven by the test. What a test says is said through this. */

import { readOperation } from '../../../shared/application/documents.js';
import type { Publisher } from '../../../shared/application/publisher.js';
import type { Services } from '../../../shared/application/services.js';
import { sharedModels } from '../../../shared/application/shared-models.js';
import { sweepOperations, sweepOutboxes, takeOver } from '../../../shared/application/take-over.js';
import { takeRequest } from '../../../shared/application/take-request.js';
import type { CloudEvent } from '../../../shared/contracts/events.js';
import {
  aheadUntilMs,
  entryId,
  entryKey,
  isHeld,
  LEDGER_ID,
  type LedgerEntry,
  type LedgerHead,
} from '../../../shared/model/ledger.js';
import { instanceIdOf, partitionOf } from '../../../shared/model/naming.js';
import { isAtRest, type OperationDocument, type OperationKind, type Origin } from '../../../shared/model/operation.js';
import { type Hold, isAccessOpen, TEAM_DOCUMENT_ID, type TeamDocument } from '../../../shared/model/team.js';
import { isSameSpec } from '../../../shared/plan/moves.js';
import { type PlanDocument, planId } from '../../../shared/plan/plan-document.js';
import type { Subscription } from '../../../shared/resources/adapters.js';
import type { ResourceTable } from '../../../shared/resources/index.js';
import { catalog, guardrails, platform, request } from '../../support/builders.js';
import { Driver } from './driver.js';
import { MemoryStore } from './memory-store.js';
import { Points } from './points.js';
import { World } from './world.js';

export const SLUG = 'alpha';
export const TEAM = 'team-alpha';
const BY_HTTP: Origin = { door: 'http', requestedBy: 'alpha-lead@contoso.com' };

type TableOf = (world: World, points: Points) => ResourceTable;

export class Hai {
  readonly points = new Points();
  readonly store = new MemoryStore(this.points);
  readonly driver = new Driver(() => this.services);
  readonly world = new World({
    points: this.points,
    nowMs: () => this.driver.time.now(),
    operation: (id) => this.store.peek<OperationDocument>(partitionOf(id), id)?.document,
    entry: (partition, id) => this.store.peek<LedgerEntry>(partition, id)?.document,
  });
  readonly services: Services;
  readonly events: CloudEvent[] = [];
  readonly logs: string[] = [];
  /** Commands that have been sent and not been delivered. */
  readonly commands: { operationId: string; attempt: number }[] = [];
  /** Commands are delivered as soon as they are sent. */
  delivers = true;

  constructor(tableOf: TableOf) {
    const { world, store } = this;
    this.points.onPoint = () => this.driver.time.skip(0.001);
    const publisher: Publisher = {
      sendCommand: async (command) => {
        this.commands.push(command as (typeof this.commands)[number]);
        if (this.delivers) await this.deliver();
      },
      publish: async (event) => void this.events.push(event),
      check: async () => {},
    };
    this.services = {
      clock: this.driver.time,
      catalog,
      guardrails,
      platform,
      store,
      publisher,
      table: tableOf(world, this.points),
      log: (level: string, line: string) => this.logs.push(`${level}: ${line}`),
      apiManagement: subscriptionsOf(world),
      foundry: { readAccount: async () => undefined },
      keyVault: { readSecretValue: async () => 'the key' },
      aiGateway: gatewayOf(this),
      sharedModels: sharedModels(() => this.services),
      foundryAccountsMax: 100,
    } as unknown as Services;
  }

  /** Goes on where another one came to rest. */
  continues(other: Hai): this {
    this.store.copyFrom(other.store);
    this.world.copyFrom(other.world);
    this.driver.time.nowMs = other.driver.time.nowMs;
    return this;
  }

  /** Asks for a plan by its name, and answers the operation's id. */
  async request(plan: string, spec: Record<string, unknown> = {}): Promise<string> {
    const taken = await takeRequest(request(TEAM, { costCenter: plan, ...spec }), BY_HTTP, this.services);
    if (taken.kind === 'refused') throw new Error(taken.problem.detail);
    return taken.operation.id;
  }

  /**
   * Ends the team: its access is closed, then everything removed. Until removals have a door of their own, it is what was just asked for, turned
   * into one before it begins.
   */
  async removal(): Promise<string> {
    const { delivers } = this;
    this.delivers = false;
    const id = await this.request('nothing');
    const plan = this.store.peek<PlanDocument>(SLUG, planId(id))!.document;
    this.store.put(SLUG, { ...plan, target: { kind: 'nothing' } } as PlanDocument);
    this.store.put(SLUG, { ...this.operation(id), kind: REMOVAL } as OperationDocument);
    this.delivers = delivers;
    if (delivers) await this.deliver();
    return id;
  }

  /** As the door of the commands does: the documents decide whether an instance is started. */
  async deliver(): Promise<void> {
    for (let command = this.commands.shift(); command; command = this.commands.shift()) {
      const { operationId, attempt } = command;
      const found = (await readOperation(this.store, operationId))?.document;
      const isWanted = found && !isAtRest(found.phase) && found.phase !== 'queued' && found.attempt === attempt;
      if (isWanted && found.claimed !== attempt)
        this.driver.start(found.kind, instanceIdOf(operationId, attempt), command);
    }
  }

  /** The next attempt begins, though the one before may live. */
  async takeOver(id: string): Promise<void> {
    if (!(await takeOver(this.operation(id), 'the test wants it', this.services))) throw new Error('Not taken over');
  }

  /** Until the operation is at rest; throws when it never is. */
  async finish(id: string): Promise<OperationDocument> {
    await this.until(() => isAtRest(this.operation(id).phase));
    return this.operation(id);
  }

  async until(isTrue: () => boolean): Promise<void> {
    if (await this.driver.until(isTrue)) return;
    throw this.#stuck();
  }

  #stuck(): Error {
    const moving = this.moving().map(({ id, phase, attempt }) => `${id} ${phase} ${attempt}`);
    const lines = [...new Set(this.logs.map((line) => line.split('\n')[0]))];
    return new Error(`Still moving: ${moving}\n${lines.slice(-10).join('\n')}\n${this.points.names().slice(-20)}`);
  }

  /** Everybody who looks after things does so every minute until nothing moves: what was killed is taken over. */
  async rest(): Promise<void> {
    for (let minute = 0; minute < MINUTES_MAX; minute++) {
      await this.driver.until(() => this.moving().length === 0, 60);
      if (this.moving().length === 0) return;
      await sweepOperations(this.driver.stateOf, this.services);
      await sweepOutboxes(this.services);
    }
    throw this.#stuck();
  }

  moving = (): OperationDocument[] =>
    this.store.all<OperationDocument>('operation').filter(({ phase }) => !isAtRest(phase));

  operation = (id: string): OperationDocument => this.store.peek<OperationDocument>(partitionOf(id), id)!.document;
  team = (): TeamDocument => this.store.peek<TeamDocument>(SLUG, TEAM_DOCUMENT_ID)!.document;
  head = (partition = SLUG): LedgerHead | undefined => this.store.peek<LedgerHead>(partition, LEDGER_ID)?.document;
  entry = (kind: string, id: string, partition = SLUG): LedgerEntry | undefined =>
    this.store.peek<LedgerEntry>(partition, entryId(entryKey(kind, id)))?.document;
  entries = (): LedgerEntry[] => this.store.all<LedgerEntry>('ledger-entry');

  /** Suspends or resumes, as far as the documents say so; whoever closes the subscription is another matter. */
  hold(...holds: Hold['reason'][]): void {
    const since = new Date(this.driver.time.nowMs).toISOString();
    const all = holds.map((reason): Hold => ({ kind: 'suspended', by: 'operator', reason, since }));
    this.store.put(SLUG, { ...this.team(), holds: all } as TeamDocument);
  }

  isOpen = (id = SUBSCRIPTION_ID): boolean => this.world.peek('subscription', id)?.body['state'] === 'active';

  /** What stands against the protocol: wrong effects, and, where nobody works, a ledger that is not the world. */
  wrongs(): string[] {
    const wrongs = [
      ...this.world.wrongs,
      ...this.driver.faults.map(String),
      ...this.logs.filter((line) => /fault of hai/.test(line)),
    ];
    for (const head of this.store.all<LedgerHead>('ledger'))
      if (head.holder && !this.moving().some(({ id }) => head.holder.startsWith(`${id}/`)))
        wrongs.push(`${head.holder} holds a ledger and does not move`);
    return this.moving().length > 0 ? wrongs : [...wrongs, ...this.#differences()];
  }

  #differences(): string[] {
    const wrongs: string[] = [];
    const held = this.entries().filter(isHeld);
    if (aheadUntilMs(held, this.driver.time.nowMs)) wrongs.push('a note is left');
    for (const { kind, key, state, spec, team } of held) {
      if (state === 'foreign' || kind === 'model-membership') continue;
      const thing = this.world.all().find((one) => entryKey(one.kind, one.id) === key);
      if (state !== 'held') wrongs.push(`${kind} of ${team} is left ${state}`);
      else if (!thing || thing.owner !== spec!.owner)
        wrongs.push(`the ledger holds ${kind} of ${team}, the world does not`);
      else if (kind === 'subscription') {
        const isOpen = thing.body['state'] === 'active';
        if (isOpen !== isAccessOpen(this.team())) wrongs.push(`the subscription is ${isOpen ? 'open' : 'closed'}`);
      } else if (!isSameSpec({ ...spec, ...thing.body }, { ...thing.body, ...spec }))
        wrongs.push(`${kind} of ${team} is ${JSON.stringify(thing.body)}, not ${JSON.stringify(spec)}`);
    }
    const keys = new Set(held.map(({ key }) => key));
    for (const { kind, id, owner } of this.world.all())
      if (owner && !keys.has(entryKey(kind, id))) wrongs.push(`${kind} ${id} exists, the ledger does not know it`);
    return wrongs;
  }
}

/** Any kind that a subject without a request may have. */
const REMOVAL: OperationKind = 'retire-kaito-model';

/** A day: shared models have hours of patience. */
const MINUTES_MAX = 24 * 60;

export const SUBSCRIPTION_ID = 'toy/subscriptions/sub-alpha';

const OWNER_IN_NAME = / by hai, /;

/** API Management's subscriptions as things of the world, for the real kind. */
function subscriptionsOf(world: World): Partial<Services['apiManagement']> {
  const kind = 'subscription';
  const answer = ({ body, etag }: { body: Record<string, unknown>; etag: string }) =>
    ({ ...(body as unknown as Subscription), etag }) as Subscription;
  return {
    async readSubscription(id) {
      const found = await world.read(kind, id);
      return (
        found && answer({ ...found, body: { displayName: 'somebody’s', scope: '', state: 'active', ...found.body } })
      );
    },
    async writeSubscription(id, body, found) {
      const owner = OWNER_IN_NAME.test(body.displayName) ? body.displayName.split(' by hai, ')[0] : undefined;
      return answer(await world.put({ kind, id, owner, body: { ...body } }, found?.etag, found !== undefined));
    },
    deleteSubscription: (id, { etag }) => world.remove(kind, id, etag, true),
  };
}

/** The gateway, for the real proof: it refuses a suspended subscription's key, and lets the plan's only model through. */
function gatewayOf(hai: Hai): Partial<Services['aiGateway']> {
  const ask = (what: string) =>
    hai.points.around({ service: 'gateway', labels: [`check ${what}`] }, () => (hai.isOpen() ? 200 : 401));
  return {
    listModels: async () => {
      const status = await ask('list');
      return { status, ...(status === 200 && { models: ['toy'] }) };
    },
    complete: async (_url, _key, model) => {
      const status = await ask(model);
      return status === 200 && model !== 'toy' ? { status: 403, code: 'model_not_allowed' } : { status };
    },
  };
}
