/**
 * The one error that leaves an adapter of Azure: code, status and message of the answer, nothing of the request, since a request body may
 * hold a key.
 */

export class AzureError extends Error {
  constructor(
    /** What was tried, for a person: `create product "product-alpha"`. */
    readonly action: string,
    readonly code: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status: number | undefined,
    detail: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(`${action}: ${code}${status ? ` (${status})` : ''}: ${detail}`);
    this.name = 'AzureError';
  }
}

/** Longest message of a service that is kept. */
const DETAIL_LENGTH_MAX = 400;

/** Runs one call of an SDK; whatever it throws becomes an AzureError. */
export async function azureCall<Result>(action: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw toAzureError(action, error);
  }
}

/** Like `azureCall`, for a read: undefined when there is no such resource. */
export async function readOrAbsent<Result>(action: string, call: () => Promise<Result>): Promise<Result | undefined> {
  return ignoring([404], action, call);
}

/** Like `azureCall`, for a delete: "already gone" is success. */
export async function deleteIfPresent(action: string, call: () => Promise<unknown>): Promise<void> {
  await ignoring([204, 404], action, call);
}

async function ignoring<Result>(
  statuses: number[],
  action: string,
  call: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    const azureError = toAzureError(action, error);
    if (azureError.status !== undefined && statuses.includes(azureError.status)) return undefined;
    throw azureError;
  }
}

/** The shapes that the SDKs throw: RestError (ARM, Key Vault), ErrorResponse (Cosmos), ApiException (Kubernetes), plain Error. */
interface SdkError {
  statusCode?: number;
  code?: string | number;
  message?: string;
  body?: unknown;
  response?: { headers?: { get?(name: string): string | undefined } };
}

function toAzureError(action: string, error: unknown): AzureError {
  if (error instanceof AzureError) return error;
  // The Cosmos SDK wraps the answer to a batch.
  if (error instanceof Error && error.cause !== undefined) return toAzureError(action, error.cause);
  const { statusCode, code, message = String(error), body, response } = (error ?? {}) as SdkError;
  const status = statusCode ?? (typeof code === 'number' ? code : undefined);
  const reason = reasonOf(body);
  const retryAfter = Number(response?.headers?.get?.('retry-after'));
  return new AzureError(
    action,
    reason?.reason ?? (typeof code === 'string' ? code : 'Error'),
    status,
    (reason?.message ?? message).split('\n')[0]!.slice(0, DETAIL_LENGTH_MAX),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  );
}

/** Kubernetes puts a Status object into the body of its exception, as text. */
function reasonOf(body: unknown): { reason?: string; message?: string } | undefined {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    return status && typeof status === 'object' ? (status as { reason?: string; message?: string }) : undefined;
  } catch {
    return undefined;
  }
}
