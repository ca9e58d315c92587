/**
 * The one error that leaves an adapter: which service, what was tried, and what it answered; nothing of the request, since a request body may
 * hold a key. The classifier (`application/steps/classify.ts`) turns it into an outcome.
 */

export type ServiceName = 'arm' | 'vault' | 'kubernetes' | 'cosmos' | 'bus' | 'gateway' | 'model';

export interface ServiceAnswer {
  service: ServiceName;
  /** What was tried, for a person: `create product "product-alpha"`. */
  action: string;
  /** The service's own error code, or the network's (`ECONNRESET`), or a word of the adapter's (`UnreadableAnswer`). */
  code: string;
  /** HTTP status; undefined when there was no answer, also when the token endpoint gave none. */
  status?: number;
  detail: string;
  retryAfterSeconds?: number;
  requestId?: string;
}

export class ServiceError extends Error {
  readonly service: ServiceName;
  readonly action: string;
  readonly code: string;
  readonly status: number | undefined;
  readonly detail: string;
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;

  constructor({ service, action, code, status, detail, retryAfterSeconds, requestId }: ServiceAnswer) {
    super(`${action}: ${code}${status ? ` (${status})` : ''}: ${detail}`);
    this.name = 'ServiceError';
    this.service = service;
    this.action = action;
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = requestId;
  }
}
