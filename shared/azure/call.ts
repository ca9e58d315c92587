/**
 * How an adapter calls: each of its functions has one deadline for all it sends, reads tell absence from everything else, and writes tell what
 * the service answered to the write itself.
 */
import { ServiceError, type ServiceName } from '../model/service-error.js';
import type { Removal } from '../resources/adapters.js';
import { azureCall, noAnswer } from './azure-error.js';
import { shares } from './share.js';

/** All adapters of the process share the worker's activity slots. */
const withinShare = shares();

/** What every function of an SDK takes. */
export interface CallOptions {
  abortSignal: AbortSignal;
  onResponse?(answer: { status: number; request: { method: string } }): void;
}

export interface Caller {
  /** Asks, and answers what came. */
  ask<Result>(action: string, run: (options: CallOptions) => Promise<Result>): Promise<Result>;
  /** Reads; undefined when the service says that there is no such thing. */
  read<Result>(
    action: string,
    isAbsence: (error: ServiceError) => boolean,
    run: (options: CallOptions) => Promise<Result>,
  ): Promise<Result | undefined>;
  /** Sends one write and comes back with its answer, whatever the SDK would do next. `secret` is kept out of what the service may repeat. */
  send(action: string, run: (options: CallOptions) => Promise<unknown>, secret?: string): Promise<void>;
  /** Sends one deletion. Only 200 says that the thing was there and is gone: 204 and 404 say there is none, 202 that it goes. */
  remove(
    action: string,
    isAbsence: (error: ServiceError) => boolean,
    run: (options: CallOptions) => Promise<unknown>,
  ): Promise<Removal>;
  /** Several calls under one deadline. */
  together<Result>(run: (calls: Caller) => Promise<Result>): Promise<Result>;
}

/** Without a `deadline`, each call has one of its own. */
export function caller(service: ServiceName, deadlineSeconds: number, deadline?: AbortSignal): Caller {
  const ask: Caller['ask'] = (action, run) =>
    within(service, deadlineSeconds, action, (abortSignal) => run({ abortSignal }), deadline);
  return {
    ask,
    read: (action, isAbsence, run) => unlessAbsent(isAbsence, undefined, () => ask(action, run)),
    send: (action, run, secret) =>
      withoutSecret(secret, async () => {
        await ask(action, ({ abortSignal }) => writeOnly(abortSignal, run));
      }),
    remove: (action, isAbsence, run) =>
      unlessAbsent(isAbsence, 'begun', async () => {
        const status = await ask(action, ({ abortSignal }) => writeOnly(abortSignal, run));
        return status === 200 ? 'removed' : 'begun';
      }),
    together: (run) => run(caller(service, deadlineSeconds, AbortSignal.timeout(deadlineSeconds * 1000))),
  };
}

/** Runs `run` with a signal that ends it at the deadline; a token that does not come, or a socket that hangs, cannot outlast it. */
export async function within<Result>(
  service: ServiceName,
  deadlineSeconds: number,
  action: string,
  run: (signal: AbortSignal) => Promise<Result>,
  deadline: AbortSignal = AbortSignal.timeout(deadlineSeconds * 1000),
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new ServiceError({ service, action, ...noAnswer(deadlineSeconds) }));
  if (deadline.aborted) giveUp();
  else deadline.addEventListener('abort', giveUp, { once: true });
  try {
    return await withinShare(service, action, () =>
      azureCall(service, action, () => Promise.race([late, run(deadline)])),
    );
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

/**
 * Runs an SDK's call up to the answer to its write, and answers the status. The SDKs go on from there: pollers ask at once how it stands and
 * fail with what that says, 201 is an error where the specification only knew 200, and 200 and 204 come back as the same nothing.
 */
async function writeOnly(
  signal: AbortSignal,
  run: (options: CallOptions) => Promise<unknown>,
): Promise<number | undefined> {
  const enough = new AbortController();
  let answered: number | undefined;
  const options: CallOptions = {
    abortSignal: AbortSignal.any([signal, enough.signal]),
    onResponse({ request, status }) {
      if (request.method === 'GET' || status < 200 || status > 299) return;
      answered ??= status;
      enough.abort();
    },
  };
  try {
    await run(options);
  } catch (error) {
    if (answered === undefined) throw error;
  }
  return answered;
}

async function unlessAbsent<Result>(
  isAbsence: (error: ServiceError) => boolean,
  absent: Result,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ServiceError && isAbsence(error)) return absent;
    throw error;
  }
}

/** A service that finds fault with a body may repeat a part of it. */
export async function withoutSecret<Result>(secret: string | undefined, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!secret || !(error instanceof ServiceError) || !error.detail.includes(secret)) throw error;
    throw new ServiceError({ ...error, detail: error.detail.replaceAll(secret, '***') });
  }
}
