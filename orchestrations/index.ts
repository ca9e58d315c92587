/**
 * The table of orchestrations by the names under which they are registered: one root for each kind of operation, and the two children that all
 * share. Kinds differ by their plans (`shared/plan`), so their roots are the same; names are kept apart for operators and for later releases.
 */
import type { OrchestrationContext } from 'durable-functions';
import { OPERATION_KINDS } from '../shared/model/operation.js';
import { AWAIT, awaitSettled } from './engine/await.js';
import { runOperation } from './engine/frame.js';
import type { Process } from './engine/process.js';
import { LANE, lane } from './engine/walk.js';

export const ORCHESTRATIONS: Record<string, (context: OrchestrationContext) => Process<unknown>> = {
  ...Object.fromEntries(OPERATION_KINDS.map((kind) => [kind, runOperation])),
  [LANE]: lane,
  [AWAIT]: awaitSettled,
};
