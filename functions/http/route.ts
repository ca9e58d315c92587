/**
 * Registers a route of the contract: identity, query, answer, and one shape for every error. Handlers return what they mean; headers that all
 * answers share are put here.
 */
import { randomUUID } from 'node:crypto';
import {
  app,
  type HttpMethod,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import type { z } from 'zod';
import { type ApiBase, ROUTES, type RouteContract } from '../../shared/contracts/api.js';
import { fieldErrors } from '../../shared/model/field-errors.js';
import { type Problem, ProblemError, problem } from '../../shared/model/problem.js';
import { ServiceError } from '../../shared/model/service-error.js';
import { withLog } from '../log.js';
import { type Services, services } from '../wiring.js';
import { type Caller, callerOf } from './caller.js';

export interface Call<Query> {
  request: HttpRequest;
  query: Query;
  caller: Caller;
  /** `https://host/api`: what links in the answer start with. */
  base: ApiBase;
  services: Services;
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What the contract says that the route answers, a known ETag's 304, or a refusal. */
type AnswerOf<Contract extends RouteContract> =
  | {
      status: StatusOf<Contract>;
      body: z.infer<Contract['answers'][StatusOf<Contract>]>;
      headers?: Record<string, string>;
    }
  | { status: 304; headers: Record<string, string> }
  | Refusal;

type StatusOf<Contract extends RouteContract> = keyof Contract['answers'] & number;

interface Refusal {
  status: Problem['status'];
  body: Problem;
  headers: { 'content-type': 'application/problem+json'; 'x-ms-error-code': string };
}

type QueryOf<Contract extends RouteContract> = Contract extends { query: z.ZodType<infer Query> } ? Query : undefined;

export function implementRoute<Contract extends RouteContract>(
  contract: Contract,
  handle: (call: Call<QueryOf<Contract>>) => Promise<AnswerOf<Contract>> | AnswerOf<Contract>,
): void {
  const allowed = methodsAt(contract.path);
  const answer = async (request: HttpRequest, context: InvocationContext): Promise<Answer> => {
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: allowed.join(', ') } };
    if (!allowed.includes(request.method as HttpMethod)) return notAllowed(request.method, allowed);
    const all = withLog(services(), context);
    const caller = callerOf(request, all.settings);
    const query = readQuery(contract, request) as QueryOf<Contract>;
    const base = all.settings.HAI_PUBLIC_URL ?? baseOf(request, contract);
    return handle({ request, query, caller, base, services: all });
  };

  app.http(contract.name, {
    methods: isFirstAt(contract) ? EVERY_METHOD : withHead(contract.method),
    route: contract.path,
    // Identity comes from the token, decided in `caller.ts`; a function key would be a second, weaker way in.
    authLevel: 'anonymous',
    handler: async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
      const requestId = requestIdOf(request);
      try {
        return render(await answer(request, context), requestId, request.method === 'HEAD');
      } catch (error) {
        return render(problemAnswer(toProblem(error, context, requestId)), requestId);
      }
    },
  });
}

/** A busy store is mostly back by then. */
const RETRY_SECONDS = 5;

const EVERY_METHOD: HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const withHead = (method: HttpMethod): HttpMethod[] => (method === 'GET' ? ['GET', 'HEAD'] : [method]);

const contractsAt = (path: string): RouteContract[] =>
  Object.values<RouteContract>(ROUTES).filter((contract) => contract.path === path);

/** One function of a path answers for the methods that nobody takes there: the host's own answer would be an empty 404. */
const isFirstAt = (contract: RouteContract): boolean => contractsAt(contract.path)[0] === contract;

const methodsAt = (path: string): HttpMethod[] => [
  ...contractsAt(path).flatMap(({ method }) => withHead(method)),
  'OPTIONS',
];

const notAllowed = (method: string, allowed: readonly HttpMethod[]): Refusal =>
  problemAnswer(problem('method-not-allowed', `"${method}" is not possible here.`), { allow: allowed.join(', ') });

export const problemAnswer = (body: Problem, headers: Record<string, string> = {}): Refusal => ({
  status: body.status,
  body,
  headers: {
    'content-type': 'application/problem+json',
    'x-ms-error-code': body.code,
    ...(body.code === 'unavailable' && { 'retry-after': String(RETRY_SECONDS) }),
    ...headers,
  },
});

function render({ status, body, headers }: Answer, requestId: string, isHead = false): HttpResponseInit {
  return {
    status,
    body: body === undefined || isHead ? undefined : JSON.stringify(body),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-ms-request-id': requestId,
      ...headers,
    },
  };
}

function readQuery(contract: RouteContract, request: HttpRequest): unknown {
  if (!contract.query) return undefined;
  const parsed = contract.query.safeParse(Object.fromEntries(request.query));
  if (parsed.success) return parsed.data;
  throw new ProblemError(
    problem('invalid-request', 'The query is not valid.', { errors: fieldErrors(parsed.error.issues) }),
  );
}

/** Expected refusals keep their problem; a store that does not answer is 503; the rest is logged whole and answered blandly. */
function toProblem(error: unknown, context: InvocationContext, traceId: string): Problem {
  if (error instanceof ProblemError) return { ...error.problem, traceId };
  context.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (error instanceof ServiceError)
    return problem('unavailable', 'A store that is needed for this does not answer; try again.', { traceId });
  return problem('unexpected-error', 'Something went wrong; give the trace id to the platform team.', { traceId });
}

/** The caller's own id is echoed, so that both sides can find the call; anything but a plain token gets a new one. */
function requestIdOf(request: HttpRequest): string {
  const given = request.headers.get('x-ms-client-request-id');
  return given && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Everything before the contract's own path. */
function baseOf(request: HttpRequest, { path }: RouteContract): ApiBase {
  const url = new URL(request.url);
  const firstSegment = `/${path.split('/')[0]}`;
  return `${url.origin}${url.pathname.slice(0, url.pathname.indexOf(firstSegment))}`;
}
