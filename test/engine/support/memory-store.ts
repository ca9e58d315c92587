/**
 * The database in memory, with the semantics of the real one: ETags, patches on condition, transactions that happen whole or not at all, false
 * for what a condition refused and an error for what is malformed. Every access is a point where a test may step in.
 */
import type { Condition, OperationFilter, Page, Store, Stored, Write } from '../../../shared/application/store.js';
import type { ListedOperation, OperationDocument } from '../../../shared/model/operation.js';
import { ServiceError } from '../../../shared/model/service-error.js';
import type { ModelDocument } from '../../../shared/model/shared-model.js';
import type { TeamDocument } from '../../../shared/model/team.js';
import type { Points } from './points.js';

/** Frozen, since everybody reads the same one. */
type Kept = { document: Json; etag: string };
type Json = Record<string, unknown>;
type Partition = Map<string, Kept>;
type Patch = Extract<Write, { patch: string }>;

export class MemoryStore implements Store {
  readonly #partitions = new Map<string, Partition>();
  #version = 0;

  constructor(private readonly points: Points) {}

  read<Document>(partition: string, id: string): Promise<Stored<Document> | undefined> {
    return this.#point([`read ${documentName(id)}`], () => this.peek<Document>(partition, id));
  }

  commit(partition: string, writes: readonly Write[]): Promise<boolean> {
    return this.#point(namesOf(writes), () => this.#transaction(partition, writes), Boolean);
  }

  patch<Document>(partition: string, write: Patch): Promise<Document | undefined> {
    const run = () =>
      this.#transaction(partition, [write]) ? this.peek<Document>(partition, write.patch)?.document : undefined;
    return this.#point(namesOf([write]), run, Boolean);
  }

  listIn<Document>(partition: string, type: string): Promise<Stored<Document>[]> {
    return this.#point([`list ${type}`], () =>
      [...this.#in(partition).values()].filter(({ document }) => document['type'] === type).map(stored<Document>),
    );
  }

  listAll = async <Document>(type: string, max: number): Promise<Document[]> => this.all<Document>(type).slice(0, max);

  async listOperations({ partition, kind, phases }: OperationFilter, size: number): Promise<Page<ListedOperation>> {
    const items = this.all<OperationDocument>('operation')
      .filter(({ team }) => !partition || team === partition)
      .filter((one) => (!kind || one.kind === kind) && (!phases || phases.includes(one.phase)));
    return { items: items.slice(0, size) };
  }

  listMoving = async (max: number): Promise<OperationDocument[]> =>
    this.all<OperationDocument>('operation')
      .filter(({ phase }) => ['accepted', 'running', 'unwinding'].includes(phase))
      .slice(0, max);

  listTeams = async (): Promise<Page<TeamDocument>> => ({ items: this.all<TeamDocument>('team') });
  listModels = async (): Promise<ModelDocument[]> => this.all<ModelDocument>('model');

  /** For tests: not an access. */
  peek<Document>(partition: string, id: string): Stored<Document> | undefined {
    const kept = this.#in(partition).get(id);
    return kept && stored<Document>(kept);
  }

  all<Document>(type: string): Document[] {
    const kept = [...this.#partitions.values()].flatMap((partition) => [...partition.values()]);
    return kept.filter(({ document }) => document['type'] === type).map(({ document }) => document as Document);
  }

  /** For tests: all that another one holds. */
  copyFrom(other: MemoryStore): void {
    for (const [name, partition] of other.#partitions) this.#partitions.set(name, new Map(partition));
    this.#version = other.#version;
  }

  /** For tests: writes as somebody else would. */
  put(partition: string, document: { id: string }): void {
    this.#in(partition).set(document.id, this.#kept(plain(document)));
  }

  #point<Answer>(labels: string[], effect: () => Answer, isDone?: (answer: Answer) => boolean): Promise<Answer> {
    return this.points.around({ service: 'cosmos', labels }, effect, isDone);
  }

  #in(partition: string): Partition {
    const found = this.#partitions.get(partition) ?? new Map<string, Kept>();
    this.#partitions.set(partition, found);
    return found;
  }

  #kept = (document: Json): Kept => ({ document: Object.freeze(document), etag: `"${++this.#version}"` });

  #transaction(partition: string, writes: readonly Write[]): boolean {
    if (writes.length === 0 || writes.length > WRITES_MAX) throw malformed(`${writes.length} writes in a transaction`);
    const after: Partition = new Map(this.#in(partition));
    if (!writes.every((write) => this.#apply(after, write))) return false;
    this.#partitions.set(partition, after);
    return true;
  }

  /** False when a condition, an ETag, a taken id or a missing document refuses it. */
  #apply(documents: Partition, write: Write): boolean {
    const id = 'create' in write ? write.create.id : 'replace' in write ? write.replace.id : idOf(write);
    const found = documents.get(id);
    if ('create' in write ? found : !found) return false;
    if (('replace' in write || 'remove' in write) && write.etag !== undefined && write.etag !== found!.etag)
      return false;
    if ('patch' in write && write.if && !holds(write.if, found!.document)) return false;
    if ('create' in write) documents.set(id, this.#kept(plain(write.create)));
    else if ('replace' in write) documents.set(id, this.#kept(plain(write.replace)));
    else if ('remove' in write) documents.delete(id);
    else documents.set(id, this.#kept(patched(found!.document, write)));
    return true;
  }
}

const WRITES_MAX = 100;
const PATCH_OPERATIONS_MAX = 10;

const idOf = (write: Patch | { remove: string }): string => ('patch' in write ? write.patch : write.remove);

const stored = <Document>({ document, etag }: Kept): Stored<Document> => ({ document: document as Document, etag });

/** As JSON has it: without what is undefined. */
const plain = <Value>(value: Value): Json => JSON.parse(JSON.stringify(value)) as Json;

/** The document as it is after a patch. Nothing is made on the way to a path, and only what is there is taken away, as in Cosmos DB. */
function patched(document: Json, { set = {}, unset = [], add = {} }: Patch): Json {
  const changes = Object.keys(set).length + unset.length + Object.keys(add).length;
  if (changes === 0 || changes > PATCH_OPERATIONS_MAX) throw malformed(`${changes} changes in a patch`);
  const after = { ...document };
  const change = (pointer: string, isThere: boolean, value: (former: unknown) => unknown) => {
    const names = pointer.split('/').slice(1);
    const name = names.pop()!;
    let parent: Json = after;
    for (const step of names) {
      const inner = parent[step];
      if (inner === null || typeof inner !== 'object') throw malformed(`There is no ${pointer}`);
      parent = parent[step] = (Array.isArray(inner) ? [...(inner as unknown[])] : { ...inner }) as Json;
    }
    if ((isThere || Array.isArray(parent)) && parent[name] === undefined) throw malformed(`There is no ${pointer}`);
    const changed = value(parent[name]);
    if (changed === undefined) delete parent[name];
    else parent[name] = changed;
  };
  for (const [pointer, value] of Object.entries(set)) {
    if (value === undefined) throw malformed(`${pointer} has no value`);
    change(pointer, false, () => plain(value));
  }
  for (const pointer of unset) change(pointer, true, () => undefined);
  for (const [pointer, by] of Object.entries(add)) change(pointer, true, (former) => (former as number) + by);
  return after;
}

/** What a JSON pointer points to. */
const at = (document: Json, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], document);

function holds({ equals = {}, oneOf = {}, absent = [], atMost = {}, above = {} }: Condition, document: Json) {
  const isSame = (pointer: string, value: unknown) => value !== undefined && at(document, pointer) === value;
  return (
    Object.entries(equals).every(([pointer, value]) => isSame(pointer, value)) &&
    Object.entries(oneOf).every(([pointer, values]) => values.some((value) => isSame(pointer, value))) &&
    absent.every((pointer) => at(document, pointer) === undefined) &&
    Object.entries(atMost).every(([pointer, max]) => (at(document, pointer) as number) <= max) &&
    Object.entries(above).every(([pointer, min]) => (at(document, pointer) as number) > min)
  );
}

const malformed = (detail: string): ServiceError =>
  new ServiceError({ service: 'cosmos', action: 'write documents together', code: 'BadRequest', status: 400, detail });

/** `entry_account-0123456789` → `entry account`; an operation's id holds its subject. */
function documentName(id: string): string {
  if (id.startsWith('entry_')) return `entry ${entryKind(id)}`;
  const known = /^(team|model|ledger)$|^(plan|survey|event|receipt|claim|arm)_/.exec(id);
  return known ? (known[1] ?? known[2]!) : 'operation';
}

const entryKind = (id: string): string => id.slice('entry_'.length, -'-0123456789'.length);

/** What a transaction is about, in the words of the protocol. */
function namesOf(writes: readonly Write[]): string[] {
  return [...new Set(writes.flatMap((write) => nameOf(write) ?? []))];
}

function nameOf(write: Write): string | undefined {
  if ('patch' in write) return nameOfPatch(write);
  if ('remove' in write) return write.remove.startsWith('entry_') ? `strike ${entryKind(write.remove)}` : 'publish';
  const document = 'create' in write ? write.create : write.replace;
  if (document.id.startsWith('entry_')) return `${entryVerb(document, 'create' in write)} ${entryKind(document.id)}`;
  if ('create' in write) return document['type'] === 'operation' ? 'accept' : undefined;
  return document['type'] === 'plan' ? 'freeze' : undefined;
}

/** Only the survey writes an entry that has no note. */
function entryVerb(entry: Record<string, unknown>, isNew: boolean): string {
  if (entry['state'] === 'struck') return 'strike';
  return isNew || Object.keys(entry['notes'] as object).length > 0 ? 'note' : 'doubt';
}

/** The first of these that a patch of an operation sets says what it is. */
const OPERATION_PATHS: readonly [path: string, name: string][] = [
  ['/claimed', 'claim'],
  ['/surveyed', 'survey'],
  ['/pivot', 'pivot'],
  ['/direction', 'turn'],
  ['/endedAt', 'end'],
  ['/attempt', 'next attempt'],
  ['/stop', 'stop'],
  ['/joined', 'join'],
];

function nameOfPatch({ patch, set = {} }: Patch): string | undefined {
  if (patch.startsWith('entry_')) {
    const state = set['/state'];
    return `${state === 'writing' ? 'doubt' : state ? 'answer' : 'clear'} ${entryKind(patch)}`;
  }
  if (documentName(patch) !== 'operation') return undefined;
  const known = OPERATION_PATHS.find(([path]) => path in set);
  if (known) return known[1];
  if (set['/phase'] === 'held' || set['/phase'] === 'stuck') return 'park';
  const step = Object.entries(set).find(([path]) => /^\/steps\/\d+\/status$/.test(path));
  return step ? `step ${step[1]}` : 'operation';
}
