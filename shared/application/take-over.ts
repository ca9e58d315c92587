/**
 * The sweep of everything that should be moving: a command that was lost is sent again; an operation whose instance is dead, or that has not
 * kept its word, is taken over as its next attempt, going on or going on back from what the documents say. Events that were left are published.
 */
import { timestamp } from '../kit/clock.js';
import { instanceIdOf } from '../model/naming.js';
import { isOverdue, type OperationDocument } from '../model/operation.js';
import type { OutboxDocument } from './announce.js';
import { publishOutbox } from './announce.js';
import { sendCommand } from './commands.js';
import type { Services } from './services.js';
import { wakesAtFrom } from './steps/progress.js';

/** What Durable says of an instance; `gone` when it knows none. */
export type InstanceState = 'alive' | 'dead' | 'gone';

/** A command that has not arrived after this long is lost: delivery takes milliseconds, a busy worker some seconds. */
const LOST_AFTER_SECONDS = 60;

/** Operations looked at by one sweep; the next one takes the rest. */
const SWEEP_MAX = 1_000;
/** Subjects whose left events one sweep publishes. */
const OUTBOX_MAX = 500;

export async function sweepOperations(
  stateOf: (instanceId: string) => Promise<InstanceState>,
  services: Services,
): Promise<void> {
  for (const operation of await services.store.listMoving(SWEEP_MAX)) {
    try {
      await sweepOne(operation, stateOf, services);
    } catch (error) {
      services.log(
        'warn',
        `Operation "${operation.id}" could not be looked after: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

async function sweepOne(
  operation: OperationDocument,
  stateOf: (instanceId: string) => Promise<InstanceState>,
  services: Services,
): Promise<void> {
  const { id, attempt, claimed, lastUpdatedAt } = operation;
  const nowMs = services.clock.now();
  const isQuiet = Date.parse(lastUpdatedAt) + LOST_AFTER_SECONDS * 1000 < nowMs;
  if (!isQuiet) return;
  const state = await stateOf(instanceIdOf(id, attempt));
  if (claimed !== attempt && state === 'gone') {
    services.log('info', `Sending the command of "${id}" again`);
    return sendCommand(operation, services);
  }
  if (state === 'alive' && !isOverdue(operation, nowMs)) return;
  await takeOver(operation, state === 'alive' ? 'overdue' : state, services);
}

/**
 * The next attempt; the former one, should it live, is stopped by the ledger's fence. What its steps had promised is forgotten: a word that the
 * former attempt broke would have the new one taken over as well.
 */
export async function takeOver(operation: OperationDocument, why: string, services: Services): Promise<boolean> {
  const { store, clock } = services;
  const attempt = operation.attempt + 1;
  const isAsRead = { '/attempt': operation.attempt, '/lastUpdatedAt': operation.lastUpdatedAt };
  const isTaken = await store.commit(operation.team, [
    {
      patch: operation.id,
      if: { equals: isAsRead, oneOf: { '/phase': ['accepted', 'running', 'unwinding'] } },
      set: {
        '/attempt': attempt,
        '/steps': operation.steps.map(({ wakesAt: _, ...step }) => step),
        '/lastUpdatedAt': timestamp(clock),
        '/wakesAt': wakesAtFrom(clock.now()),
      },
    },
  ]);
  if (!isTaken) return false;
  services.log('warn', `Operation "${operation.id}" is taken over as attempt ${attempt} (${why})`);
  await sendCommand({ id: operation.id, attempt }, services);
  return true;
}

/** Publishes what is left in any outbox. */
export async function sweepOutboxes(services: Services): Promise<void> {
  const left = await services.store.listAll<OutboxDocument>('outbox', OUTBOX_MAX);
  for (const partition of new Set(left.map(({ team }) => team))) await publishOutbox(services, partition);
}
