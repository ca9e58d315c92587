/**
 * The world outside, small: things with owners and versions, services that compare what they are told to, and kinds of resources over it. It
 * notes every wrong that a call does when it lands, in the sense of the protocol's model (`test/engine-model/model/world.mjs`).
 */
import { z } from 'zod';
import { entryId, entryKey, type LedgerEntry, type Spec } from '../../../shared/model/ledger.js';
import { hasEnded, type OperationDocument } from '../../../shared/model/operation.js';
import { type Patience, pending, QUICK, ready } from '../../../shared/model/outcome.js';
import { ServiceError } from '../../../shared/model/service-error.js';
import { check, type Found, type Kind, resource, written } from '../../../shared/resources/resource.js';
import type { Points, Run } from './points.js';
import { running } from './points.js';

export interface Thing {
  kind: string;
  id: string;
  /** Undefined: it carries no mark of hai. */
  owner: string | undefined;
  body: Record<string, unknown>;
  etag: string;
  life?: 'deleted' | 'leaving';
  /** When it has become usable, or has left. */
  untilMs?: number;
  /** Where in the order of all points somebody else made it. */
  foreignSince?: number;
}

interface Surroundings {
  points: Points;
  nowMs(): number;
  operation(id: string): OperationDocument | undefined;
  entry(partition: string, id: string): LedgerEntry | undefined;
}

/** What a call does, for the log. */
export interface Effect {
  label: string;
  by: string;
  etag: string | undefined;
}

const nameOf = (kind: string, id: string): string => `${kind} ${id}`;

export class World {
  readonly #things = new Map<string, Thing>();
  readonly #former = new Map<string, Thing | undefined>();
  /** Newest attempt that has written, by operation. */
  readonly #wrote = new Map<string, number>();
  /** Calls that landed, in order. */
  readonly effects: Effect[] = [];
  readonly wrongs: string[] = [];
  /** Kinds whose service compares nothing, and says in its file that something may slip in. */
  readonly windows = new Set<string>();
  #version = 0;

  constructor(private readonly around: Surroundings) {}

  nowMs = (): number => this.around.nowMs();

  read(kind: string, id: string): Promise<Thing | undefined> {
    return this.around.points.around({ service: 'arm', labels: [`read ${kind}`], id }, () => this.peek(kind, id));
  }

  /** What a read would have answered before the last write. */
  former = (kind: string, id: string): Thing | undefined => this.#former.get(nameOf(kind, id));

  peek(kind: string, id: string): Thing | undefined {
    const thing = this.#things.get(nameOf(kind, id));
    if (!thing?.untilMs || thing.life !== 'leaving' || this.around.nowMs() < thing.untilMs) return copy(thing);
    if (thing.body['softDeletes']) this.#set({ ...thing, life: 'deleted', untilMs: undefined });
    else this.#things.delete(nameOf(kind, id));
    return this.peek(kind, id);
  }

  all = (): Thing[] => [...this.#things.values()].flatMap(({ kind, id }) => this.peek(kind, id) ?? []);

  /** `etag`: the version that the caller has read; `compares`: whether the service looks at it. */
  put(
    thing: Pick<Thing, 'kind' | 'id' | 'owner' | 'body' | 'untilMs'>,
    etag: string | undefined,
    compares: boolean,
  ): Promise<Thing> {
    const { kind, id } = thing;
    const verb = etag === undefined ? 'create' : 'change';
    return this.#call(verb, kind, id, () => {
      this.#compare(kind, id, etag, compares);
      this.#judge(verb, kind, id, compares);
      return this.#set(thing);
    });
  }

  remove(kind: string, id: string, etag: string, compares: boolean, leavesSeconds = 0): Promise<'removed' | 'begun'> {
    return this.#call('remove', kind, id, () => {
      const there = this.peek(kind, id);
      if (!there) return 'removed';
      this.#compare(kind, id, etag, compares);
      this.#judge('remove', kind, id, compares);
      if (leavesSeconds && there.life !== 'deleted') {
        this.#set({ ...there, life: 'leaving', untilMs: this.around.nowMs() + leavesSeconds * 1000 });
        return 'begun';
      }
      this.#remember(kind, id);
      this.#things.delete(nameOf(kind, id));
      return 'removed';
    });
  }

  /** All that is in another one. */
  copyFrom(other: World): void {
    for (const [name, thing] of other.#things) this.#things.set(name, thing);
    this.#version = other.#version;
  }

  /** Somebody else does it, by hand. */
  foreign(kind: string, id: string, body: Record<string, unknown> = {}): void {
    this.#set({ kind, id, owner: undefined, body, foreignSince: this.around.points.log.length });
  }

  changeByHand(kind: string, id: string, body: Record<string, unknown>): void {
    this.#set({ ...this.peek(kind, id)!, body });
  }

  deleteByHand(kind: string, id: string): void {
    this.#remember(kind, id);
    this.#things.delete(nameOf(kind, id));
  }

  async #call<Answer>(verb: string, kind: string, id: string, effect: () => Answer): Promise<Answer> {
    const run = running.getStore();
    const label = `${verb} ${kind}`;
    const land = () => running.run(run as Run, effect);
    return this.around.points.around({ service: 'arm', labels: [label], id }, () => {
      const answer = land();
      const by = run ? `${run.call.operationId}/${run.call.attempt}/${run.call.direction}` : '';
      this.effects.push({ label, by, etag: this.peek(kind, id)?.etag });
      return answer;
    });
  }

  #compare(kind: string, id: string, etag: string | undefined, compares: boolean): void {
    if (!compares || this.peek(kind, id)?.etag === etag) return;
    throw new ServiceError({ service: 'arm', action: `write ${id}`, code: 'Conflict', status: 412, detail: kind });
  }

  #judge(verb: string, kind: string, id: string, compares: boolean): void {
    const run = running.getStore();
    const operation = run && this.around.operation(run.call.operationId);
    if (!run || !operation) return;
    const { attempt, direction } = run.call;
    const wrong = (why: string) => this.wrongs.push(`${verb} ${kind}: ${why}`);
    const wrote = this.#wrote.get(operation.id) ?? 0;
    if (operation.attempt > attempt && wrote >= operation.attempt)
      wrong('of an attempt after the next one has begun to write');
    if (hasEnded(operation.phase)) wrong('of an operation that has ended');
    else if (operation.direction !== direction) wrong(`of the way ${direction} after the turn`);
    this.#wrote.set(operation.id, Math.max(wrote, attempt));
    const entry = this.around.entry(operation.team, entryId(entryKey(kind, id)));
    if (!entry && verb !== 'remove') wrong('the ledger does not know it');
    const there = this.#things.get(nameOf(kind, id));
    if (there?.foreignSince !== undefined && (compares || !this.#hasReadSinceNote(run, kind, id, there.foreignSince)))
      wrong('of a thing that is somebody else’s');
  }

  /** The run has read the thing between its note and the moment when it became somebody else's: the window that is accepted. */
  #hasReadSinceNote(run: Run, kind: string, id: string, foreignSince: number): boolean {
    const mine = this.around.points.log.filter((point) => point.run === run);
    const note = mine.findLast(({ labels }) => labels.includes(`note ${kind}`))?.seq ?? Number.POSITIVE_INFINITY;
    const isRead = mine.some(
      (one) => one.seq > note && one.seq < foreignSince && one.id === id && isReadOf(one.labels),
    );
    return isRead && this.windows.has(kind);
  }

  #set(thing: Omit<Thing, 'etag'>): Thing {
    this.#remember(thing.kind, thing.id);
    const kept = { ...thing, etag: `e${++this.#version}` };
    this.#things.set(nameOf(thing.kind, thing.id), kept);
    return copy(kept)!;
  }

  #remember(kind: string, id: string): void {
    this.#former.set(nameOf(kind, id), copy(this.#things.get(nameOf(kind, id))));
  }
}

const isReadOf = (labels: string[]): boolean => labels[0]!.startsWith('read ');
/** Bodies are never changed in place. */
const copy = <T extends Thing | undefined>(thing: T): T => thing && { ...thing };

type Shown = 'compares' | 'parent' | 'spec' | 'title' | 'patience' | 'removal' | 'armWrites';
export interface ToyOptions extends Partial<Pick<Kind<ToySpec, Thing>, Shown>> {
  /** Seconds until what was written is usable; then the kind has a `ready` of its own. */
  readySeconds?: number;
  leavesSeconds?: number;
  softDeletes?: boolean;
  mayExistElsewhere?: boolean;
}

export const NONE = { create: false, write: false, remove: false };
export const IF_MATCH = { create: false, write: true, remove: true };
export const ALL = { create: true, write: true, remove: true };

export const toySpec = z.object({ id: z.string(), owner: z.string(), size: z.string() });
export type ToySpec = z.infer<typeof toySpec>;

/** A kind whose things are their specs. */
export function toyKind(world: World, kind: string, options: ToyOptions = {}) {
  const { compares = NONE, readySeconds, leavesSeconds, softDeletes, mayExistElsewhere, ...more } = options;
  if (!compares.create) world.windows.add(kind);
  const bodyOf = ({ id: _, owner: _owner, ...body }: Spec) => ({ ...body, ...(softDeletes && { softDeletes }) });
  const definition: Kind<ToySpec, Thing> = {
    kind,
    spec: toySpec,
    title: ({ id }) => `Make the ${kind} ${id}`,
    wanted: (spec) => bodyOf(spec),
    async read({ id }) {
      const thing = await world.read(kind, id);
      return (
        thing && ({ body: thing, owner: thing.owner, ...(thing.life && { life: thing.life }) } satisfies Found<Thing>)
      );
    },
    async write(spec, found) {
      const { id, owner } = spec;
      if (found?.life === 'leaving') return pending(`${id} to be gone`, { retryAfterSeconds: 5 });
      if (found?.life === 'deleted') {
        await world.remove(kind, id, found.body.etag, compares.remove);
        return pending(`${id} to be purged`, { retryAfterSeconds: 5 });
      }
      if (mayExistElsewhere && (await world.read(kind, elsewhere(id)))) return { kind: 'exists' };
      const untilMs = readySeconds === undefined ? undefined : world.nowMs() + readySeconds * 1000;
      const isCompared = found ? compares.write : compares.create;
      await world.put({ kind, id, owner, body: bodyOf(spec), untilMs }, found?.body.etag, isCompared);
      return written;
    },
    remove: ({ id }, { body }) => world.remove(kind, id, body.etag, compares.remove, leavesSeconds),
    ...(readySeconds !== undefined && {
      async ready({ id }: ToySpec) {
        const thing = await world.read(kind, id);
        return thing && world.nowMs() >= (thing.untilMs ?? 0) ? ready : pending(`${id} to be ready`);
      },
    }),
    compares,
    ...(mayExistElsewhere && { mayExistElsewhere }),
    patience: QUICK,
    removal: QUICK,
    armWrites: 1,
    ...more,
  };
  return resource(definition);
}

/** Where the same right stands under another name. */
export const elsewhere = (id: string): string => `${id}-elsewhere`;

/** A check that looks once, at a point of its own. */
export function toyCheck(points: Points, kind: string, patience: Patience = QUICK) {
  return check({
    kind,
    spec: z.looseObject({ owner: z.string() }),
    title: () => `Check ${kind}`,
    ready: () => points.around({ service: 'arm', labels: [`check ${kind}`] }, () => ready),
    patience,
  });
}
