/**
 * What a kind of resource is: its spec, whose a found thing is, how it is read, written, removed, and when it is ready. Everything else that
 * happens to a resource (way back, change, removal, difference, take-over) follows from this one table; see `docs/how-to/add-a-resource.md`.
 */
import type { z } from 'zod';
import type { Spec } from '../model/ledger.js';
import { type Outcome, type Patience, pending } from '../model/outcome.js';
import type { ResourceServices } from './services.js';

/** What a read found: the properties that hai compares, and whose it is. */
export interface Found<Body> {
  body: Body;
  /** The subject that its mark names; undefined when it carries no mark of hai. */
  owner: string | undefined;
  /** A soft-deleted thing holds its name, and is owned too. `leaving`: its end has begun. `coming`: it is still being made. */
  life?: 'deleted' | 'leaving' | 'coming';
}

/** What a write knows of the run that makes it. */
export interface WriteContext {
  operationId: string;
  /** Reads, at this moment, whether the subject's access is to be open: no hold stands. */
  isOpen(): Promise<boolean>;
}

/** How a write ended when it was answered: nothing to say, or what the service said. */
export type Written =
  | { kind: 'written' }
  | { kind: 'exists' }
  | Extract<Outcome, { kind: 'pending' | 'refused' | 'busy' }>;
export const written: Written = { kind: 'written' };

/** Removed for sure, or begun: look again. A pending or refused outcome says why it takes longer, or never will. */
export type Removed = 'removed' | 'begun' | Extract<Outcome, { kind: 'pending' | 'refused' }>;

export interface Kind<S extends Spec = Spec, Body = unknown> {
  kind: string;
  spec: z.ZodType<S>;
  /** What a person reads: `Create the product product-alpha`. */
  title(spec: S): string;
  /**
   * Can the spec be its owner's? Names follow from the owner, so a document that names another's thing (a role on the whole vault, somebody
   * else's secret) is not acted on, whoever wrote it.
   */
  belongs?(spec: S): boolean;
  /** Key of the resource that this one stands under; what stands under an owned parent is owned. */
  parent?(spec: S): { kind: string; id: string };
  /** The properties that hai answers for, to compare with `Found.body`; undefined parts are known only after the write. */
  wanted(spec: S): unknown;
  read(spec: S, services: ResourceServices): Promise<Found<Body> | undefined>;
  /** The second look just before an unconditional write, where a cheaper one tells the same. */
  readAgain?(spec: S, services: ResourceServices): Promise<Found<Body> | undefined>;
  /** Makes it so: merges into `found`, on its version where the service compares one. */
  write(spec: S, found: Found<Body> | undefined, services: ResourceServices, context: WriteContext): Promise<Written>;
  /** Removes it, or what is left of it. */
  remove(spec: S, found: Found<Body>, services: ResourceServices): Promise<Removed>;
  /** For kinds whose written thing takes time to become usable; absent = ready when the write is answered. */
  ready?(spec: S, services: ResourceServices): Promise<Outcome>;
  /** Is the entry still what makes the step done? For things that others may outdate (membership). */
  isCurrent?(spec: S, services: ResourceServices): Promise<boolean>;
  /** What the service compares for us: at a creation, at a write, at a removal. Where it compares nothing, the run reads again just before. */
  compares: { create: boolean; write: boolean; remove: boolean };
  /** What may slip in between that read and the write, and what then happens; named because it is accepted. */
  window?: string;
  /** A second write follows the creation, which has no condition: it waits until no other run's call can land. */
  creationIsTwoWrites?: boolean;
  /** What we want may be true under another name, which the service answers (`RoleAssignmentExists`). */
  mayExistElsewhere?: boolean;
  patience: Patience;
  removal: Patience;
  /** Resource Manager writes that making it takes; what admission reckons with. */
  armWrites: number;
}

/** A check makes nothing and leaves nothing: it looks until something is true. */
export interface Check<S extends CheckSpec = CheckSpec> {
  kind: string;
  spec: z.ZodType<S>;
  title(spec: S): string;
  ready(spec: S, services: ResourceServices, resume: string | undefined): Promise<Outcome>;
  patience: Patience;
}

/** Absence counts on a second look only, after replicas have had time to agree. */
export const UNSURE = 'unsure';
const AGREE_SECONDS = 30;
export const unsure = (what: string) => pending(what, { resume: UNSURE, retryAfterSeconds: AGREE_SECONDS });

/** A check is about something, for somebody. */
export interface CheckSpec {
  owner: string;
}

/** A resource or check that is wanted: kind and spec, typed by the kind that made it. */
export interface Wanted {
  /** Stable within the plan; the step's id. */
  id: string;
  kind: string;
  spec: Spec | CheckSpec;
}

/** Declares a kind; the result makes `Wanted`s of it. */
export function resource<S extends Spec, Body>(kind: Kind<S, Body>): Kind<S, Body> & ((id: string, spec: S) => Wanted) {
  return Object.assign((id: string, spec: S): Wanted => ({ id, kind: kind.kind, spec }), kind);
}

export function check<S extends CheckSpec>(definition: Check<S>): Check<S> & ((id: string, spec: S) => Wanted) {
  return Object.assign((id: string, spec: S): Wanted => ({ id, kind: definition.kind, spec }), definition);
}
