/** Sends the call to its backend: address, headers, time limit, circuit breaker. */

import type { BackendOutcome } from './circuit-breaker.js';
import type { NetworkRequest, NetworkResponse } from './contract.js';
import { type Execution, PolicyFailure } from './execution.js';
import { bodyOf, collect, forwardable } from './messages.js';
import { chooseBackend } from './pool.js';

/**
 * Sets `execution.response`. The timeout is the world's time until the answer's headers are there. Throws
 * PolicyFailure.
 */
export async function forwardRequest(execution: Execution, timeoutMs: number, isBuffered: boolean): Promise<void> {
  const { clock, breakers, pools, world } = execution.services;
  const chosen = execution.backend && 'id' in execution.backend ? execution.backend.id : undefined;
  const isClosed = (id: string, breaker: unknown) => breakers.isClosed(id, breaker, clock.now());
  const backendId = chosen === undefined ? undefined : chooseBackend(world, pools, chosen, isClosed);
  const circuitBreaker = backendId === undefined ? undefined : world.backend(backendId)?.circuitBreaker;
  const record = (outcome: BackendOutcome) => {
    if (backendId !== undefined) breakers.record(backendId, circuitBreaker, outcome, clock.now());
  };
  if (backendId !== undefined) breakers.expectClosed(backendId, circuitBreaker, clock.now());
  try {
    const response = await sendWithin(execution, backendId, timeoutMs);
    record({ status: response.status, retryAfterSeconds: Number(response.headers['retry-after']) || undefined });
    const body = isBuffered ? bodyOf(await collect(response.body)) : response.body;
    execution.response = { status: response.status, headers: forwardable(response.headers), body };
  } catch (error) {
    const failure =
      error instanceof PolicyFailure ? error : new PolicyFailure('BackendConnectionFailure', (error as Error).message);
    record({ reason: failure.reason });
    throw failure;
  }
}

async function sendWithin(
  execution: Execution,
  backendId: string | undefined,
  timeoutMs: number,
): Promise<NetworkResponse> {
  const { world, clock } = execution.services;
  const sending = world.send(backendRequest(execution, backendId));
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = clock.after(timeoutMs, () => {
      isLate = true;
      reject(new PolicyFailure('Timeout', `The backend did not answer within ${timeoutMs / 1_000} seconds.`));
    });
    sending.then(
      (response) => {
        timer.cancel();
        if (isLate) discard(response);
        else resolve(response);
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

/** Tells the sender that nobody reads an answer that came too late. */
function discard(response: NetworkResponse): void {
  void response.body[Symbol.asyncIterator]().return?.();
}

function backendRequest(execution: Execution, backendId: string | undefined): NetworkRequest {
  const { request, query, operationPath } = execution;
  const search = query.size > 0 ? `?${query.toString()}` : '';
  const url = `${baseUrl(execution, backendId).replace(/\/+$/, '')}${operationPath}${search}`;
  return { method: request.method, url, headers: forwardable(request.headers), body: request.body };
}

function baseUrl({ backend, services, serviceUrl }: Execution, backendId: string | undefined): string {
  if (backend && 'baseUrl' in backend) return backend.baseUrl;
  const url = backendId === undefined ? serviceUrl : services.world.backend(backendId)?.url;
  if (url) return url;
  throw new PolicyFailure('BackendConnectionFailure', 'The API has no service URL and no policy chose a backend.');
}
