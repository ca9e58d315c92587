/**
 * What use cases need of the database: documents by id, transactions within a partition, and the few lists. Conditions are data, so that the
 * rules of the protocol stand in the application and not in query text.
 */
import type { ListedOperation, OperationDocument, OperationKind, OperationPhase } from '../model/operation.js';
import type { ModelDocument } from '../model/shared-model.js';
import type { TeamDocument } from '../model/team.js';

export interface Stored<Document> {
  document: Document;
  etag: string;
}

/** JSON pointer → value. */
type Values = Record<string, unknown>;

/** Holds when every part does. Paths are JSON pointers into the document. */
export interface Condition {
  equals?: Values;
  oneOf?: Record<string, readonly unknown[]>;
  absent?: readonly string[];
  atMost?: Record<string, number>;
  above?: Record<string, number>;
}

/** Documents are typed where they are made; a transaction takes any. */
// biome-ignore lint/suspicious/noExplicitAny: an index signature would refuse the interfaces of the documents
type AnyDocument = { id: string } & Record<string, any>;

export type Write =
  | { create: AnyDocument }
  | { replace: AnyDocument; etag: string }
  /** `set` writes, `unset` takes away, `add` adds to a number. At most ten changes. */
  | { patch: string; if?: Condition; set?: Values; unset?: readonly string[]; add?: Record<string, number> }
  | { remove: string; etag?: string };

export interface Page<Item> {
  items: Item[];
  /** The last item's; absent on the last page. */
  next?: PageKey;
}

/** Values of the properties that order a list: a page begins behind them. */
export type PageKey = readonly string[];

export interface OperationFilter {
  partition?: string;
  kind?: OperationKind;
  phases?: readonly OperationPhase[];
}

export interface Store {
  read<Document>(partition: string, id: string): Promise<Stored<Document> | undefined>;
  /** All or nothing. False when a condition, an ETag, a taken id or a missing document refused it. At most 100 writes. */
  commit(partition: string, writes: readonly Write[]): Promise<boolean>;
  /** Patches one document and answers what it then is; undefined when the condition refused it. */
  patch<Document>(partition: string, write: Extract<Write, { patch: string }>): Promise<Document | undefined>;
  /** Documents of one type in a partition. */
  listIn<Document>(partition: string, type: string): Promise<Stored<Document>[]>;
  /** Documents of one type in all partitions, oldest first, bounded. */
  listAll<Document>(type: string, max: number): Promise<Document[]>;
  /** Newest first. */
  listOperations(filter: OperationFilter, pageSize: number, after?: PageKey): Promise<Page<ListedOperation>>;
  /** Operations that should be moving: accepted, running, unwinding. */
  listMoving(max: number): Promise<OperationDocument[]>;
  /** By name. */
  listTeams(pageSize: number, after?: PageKey): Promise<Page<TeamDocument>>;
  listModels(): Promise<ModelDocument[]>;
}
