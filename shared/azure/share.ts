/**
 * A service that hangs must not take every activity slot of the worker: when a share of calls of one kind has had no answer for a while, further
 * ones are refused at once and come again later, so that everybody else's work goes on (findings N18).
 */
import { ServiceError, type ServiceName } from '../model/service-error.js';

/** An answer that has not come after this long is not on its way any more; the slowest healthy calls take seconds. */
const HANGING_MS = 10_000;
/** A worker runs 32 activities at once (`host.json`): a third of them may hang at one place. */
const HANGING_MAX = 10;

/** Nothing was sent. */
const TOO_MANY = 'TooManyHangingCalls';

type Call = { startedMs: number };

/** Runs calls within the share of their kind. `nowMs`: a clock that nobody sets. */
export function shares(nowMs: () => number = () => performance.now()) {
  /** The calls under way, by service and what is tried, without names. */
  const underWay = new Map<string, Set<Call>>();

  return async function withinShare<Result>(
    service: ServiceName,
    action: string,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const kind = `${service} ${action.replace(/".*$/, '')}`;
    const calls = underWay.get(kind) ?? new Set<Call>();
    underWay.set(kind, calls);
    const call = { startedMs: nowMs() };
    const hanging = [...calls].filter(({ startedMs }) => call.startedMs - startedMs > HANGING_MS).length;
    if (hanging >= HANGING_MAX)
      throw new ServiceError({ service, action, code: TOO_MANY, detail: `${hanging} such calls hang` });
    calls.add(call);
    try {
      return await run();
    } finally {
      calls.delete(call);
    }
  };
}
