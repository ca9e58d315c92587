/** A parked operation (held, stuck) goes on as its next attempt, the way it was going, or is stopped and goes back. */
import { timestamp } from '../kit/clock.js';
import type { OperationDocument, Stop } from '../model/operation.js';
import type { Services } from './services.js';
import { wakesAtFrom } from './steps/progress.js';
import type { Write } from './store.js';

/** The write that lets a parked operation go on, for a transaction that also writes its subject. */
export function unparkWrite(operation: OperationDocument, stop: Stop | undefined, { clock }: Services) {
  const attempt = operation.attempt + 1;
  const isBack = operation.direction === 'back';
  const steps = operation.steps.map(({ error: _, wakesAt: __, ...step }) => ({
    ...step,
    status:
      step.status === 'failed'
        ? ('pending' as const)
        : step.status === 'undo-failed'
          ? ('undoing' as const)
          : step.status,
  }));
  const write: Write = {
    patch: operation.id,
    if: { equals: { '/attempt': operation.attempt, '/phase': operation.phase } },
    set: {
      '/attempt': attempt,
      '/phase': isBack ? 'unwinding' : 'running',
      '/steps': steps,
      '/wakesAt': wakesAtFrom(clock.now()),
      '/lastUpdatedAt': timestamp(clock),
      ...(stop && { '/stop': stop }),
    },
    // Going on forward, the failure that parked it is forgotten; going back, it stays the cause.
    unset: !stop && !isBack && !operation.pivot && operation.stop ? ['/stop', '/error'] : [],
  };
  return { write, next: { id: operation.id, attempt } };
}
