/** The kinds of faults: what each does to a call, for how long, and to which calls it can happen. World time throughout. */
import type { ActiveFault } from '../../local/world/azure/faults.js';
import type { BrokerFaults } from '../../local/world/broker/index.js';
import type { CosmosFailure } from '../../local/world/cosmos/index.js';
import { isRead, isRemoval, serviceOf, type Verb } from './calls.js';

/** What happens to the calls of a verb, from the first of them on: so many of them, or all for so long. */
export interface Effect {
  times?: number;
  seconds?: number;
  /** At the simulated Azure. */
  azure?: (verb: Verb) => AzureFault;
  /** At Cosmos DB: all requests of that sort meanwhile, since its outages know no documents. */
  cosmos?: (() => CosmosFailure) | 'lost-answer';
  /** At the broker. */
  bus?: (entity: string, does: 'send' | 'receive') => BrokerFaults;
}

type AzureFault = ActiveFault extends infer Each
  ? Each extends ActiveFault
    ? Omit<Each, 'match' | 'hits'>
    : never
  : never;

export interface Kind {
  /** Column of the table, and part of the cell's name. */
  name: string;
  /** For the legend. */
  what: string;
  appliesTo(verb: Verb): boolean;
  effect: Effect;
  /** A removal may be refused until a person sees to it, or for ever: then, and only then, the operation may end Stuck. */
  refusesRemovals?: 'until-lifted' | 'for-ever';
}

const MINUTE = 60;

const answer = (status: number, code: string, retryAfterSeconds?: number) => (): AzureFault => ({
  kind: 'answer',
  answer: { status, code, ...(retryAfterSeconds && { retryAfterSeconds }) },
});

const isAzure = (verb: Verb): boolean => !['Cosmos DB', 'Service Bus'].includes(serviceOf(verb));
const isCosmos = (verb: Verb): boolean => serviceOf(verb) === 'Cosmos DB';
const isBus = (verb: Verb): boolean => serviceOf(verb) === 'Service Bus';
const isWrite = (verb: Verb): boolean => !isRead(verb);
const isArm = (verb: Verb): boolean =>
  ['API Management', 'Foundry', 'AKS', 'Private DNS', 'Roles'].includes(serviceOf(verb));

/** Writes whose work goes on after the answer: ARM's long-running operations, KAITO's and the load balancer's controllers. */
const STARTS_WORK = [
  /^Foundry: (PUT|DELETE) accounts(\/projects)?$/,
  /^Foundry: DELETE deletedAccounts$/,
  /^AKS: DELETE agentPools$/,
  /^Kubernetes: (POST|DELETE) (workspaces|services)$/,
];
const startsWork = (verb: Verb): boolean => STARTS_WORK.some((pattern) => pattern.test(verb));

/** Foundry says some of what passes as 400, and the classifier's table lists it; any other 400 says that the request is wrong. */
const badRequest = (verb: Verb): AzureFault =>
  /^Foundry: (PUT|PATCH|DELETE)/.test(verb)
    ? { kind: 'answer', answer: { status: 400, code: 'AccountProvisioningStateInvalid' } }
    : { kind: 'answer', answer: { status: 400, code: 'BadRequest' } };

/** A subject's own lock, set by a person; the other services refuse in their words. */
const refusal = (verb: Verb): AzureFault =>
  isArm(verb)
    ? { kind: 'answer', answer: { status: 409, code: 'ScopeLocked' } }
    : { kind: 'answer', answer: { status: 400, code: 'BadRequest' } };

export const KINDS: readonly Kind[] = [
  {
    name: '429 wait',
    what: '429 with `Retry-After: 30` for 2 minutes',
    appliesTo: isAzure,
    effect: { seconds: 2 * MINUTE, azure: answer(429, 'TooManyRequests', 30) },
  },
  {
    name: '429',
    what: '429 without `Retry-After` for 2 minutes (Cosmos DB: 1 minute)',
    appliesTo: (verb) => isAzure(verb) || isCosmos(verb),
    effect: {
      seconds: 2 * MINUTE,
      azure: answer(429, 'TooManyRequests'),
      cosmos: () => ({ status: 429, forSeconds: MINUTE }),
    },
  },
  {
    name: '500',
    what: '500 for 5 minutes',
    appliesTo: isAzure,
    effect: { seconds: 5 * MINUTE, azure: answer(500, 'InternalServerError') },
  },
  {
    name: '503',
    what: '503 for 5 minutes (Service Bus: server busy, three times)',
    appliesTo: (verb) => isAzure(verb) || /^Service Bus: send/.test(verb),
    effect: {
      seconds: 5 * MINUTE,
      azure: answer(503, 'ServiceUnavailable'),
      bus: (entity) => ({ rejectSends: { [entity]: 3 } }),
    },
  },
  {
    name: '410, 449, 503',
    what: '410, 449 and 503 of Cosmos DB in turn, for 1 minute',
    appliesTo: isCosmos,
    // A run for each would tell the same: the SDK hands all three on, and to the classifier all are busy (test/application/classify.test.ts).
    effect: { cosmos: () => ({ status: [410, 449, 503], forSeconds: MINUTE }) },
  },
  {
    name: 'down',
    what: 'nothing can be sent or received for 10 minutes',
    appliesTo: isBus,
    effect: { bus: (entity) => ({ down: { [entity]: { forSeconds: 10 * MINUTE, receivers: true } } }) },
  },
  {
    name: 'cut before',
    what: 'the connection breaks before it takes effect, three times',
    appliesTo: isAzure,
    effect: { times: 3, azure: () => ({ kind: 'drop-before-effect' }) },
  },
  {
    name: 'cut after',
    what: 'it takes effect and the answer is lost, three times',
    appliesTo: (verb) => isWrite(verb),
    effect: {
      times: 3,
      azure: () => ({ kind: 'drop-after-effect' }),
      cosmos: 'lost-answer',
      bus: (entity, does) => ({ [does === 'send' ? 'loseSendAnswer' : 'loseSettlement']: { [entity]: 3 } }),
    },
  },
  {
    name: 'silent',
    what: 'no answer, and nothing happens, twice',
    appliesTo: isAzure,
    effect: { times: 2, azure: () => ({ kind: 'no-answer', effect: 'none' }) },
  },
  {
    name: 'late',
    what: 'no answer, and it takes effect a minute later',
    appliesTo: (verb) => isAzure(verb) && isWrite(verb),
    effect: { times: 1, azure: () => ({ kind: 'no-answer', effect: 'late', lateSeconds: MINUTE }) },
  },
  {
    name: '403',
    what: '403 for 10 minutes: a role that has not arrived',
    appliesTo: isAzure,
    effect: { seconds: 10 * MINUTE, azure: answer(403, 'AuthorizationFailed') },
  },
  {
    name: '404',
    what: 'what is there is not found for 20 seconds: a replica that lags',
    appliesTo: (verb) => isAzure(verb) && / GET /.test(verb),
    effect: { seconds: 20, azure: () => ({ kind: 'absent' }) },
  },
  {
    name: '400',
    what: '400 once',
    appliesTo: isAzure,
    effect: { times: 1, azure: badRequest },
  },
  {
    name: 'garbled',
    what: 'it takes effect, and the answer cannot be read, twice',
    appliesTo: isAzure,
    effect: { times: 2, azure: (verb) => ({ kind: 'malformed', body: isRead(verb) ? 'html' : 'truncated' }) },
  },
  {
    name: 'work fails',
    what: 'the work that it starts fails, once',
    appliesTo: startsWork,
    effect: {
      times: 1,
      azure: () => ({ kind: 'failed-operation', error: { code: 'InternalServerError', message: 'It failed.' } }),
    },
  },
  {
    name: 'work hangs',
    what: 'the work that it starts never ends: what is half made can hardly be removed either',
    appliesTo: startsWork,
    effect: { times: 1, azure: () => ({ kind: 'stuck-operation' }) },
    refusesRemovals: 'for-ever',
  },
  {
    name: 'refused',
    what: 'the removal is refused until a person sees to it',
    appliesTo: (verb) => isAzure(verb) && isRemoval(verb),
    effect: { seconds: Number.POSITIVE_INFINITY, azure: refusal },
    refusesRemovals: 'until-lifted',
  },
];
