import { classify, ROWS, tookTheCall } from '../../shared/application/steps/classify.js';
import { type ServiceAnswer, ServiceError, type ServiceName } from '../../shared/model/service-error.js';

const answer = (service: ServiceName, status: number | undefined, code: string, more: Partial<ServiceAnswer> = {}) =>
  new ServiceError({ service, action: 'do it', status, code, detail: 'because', ...more });

/** For every row, in its order: what it is about, how it ends, and errors as the services word them. */
const CASES: [what: string, kind: 'busy' | 'refused', examples: ServiceError[]][] = [
  [
    'a token that cannot be had',
    'busy',
    [answer('arm', undefined, 'TokenUnavailable'), answer('vault', 400, 'TokenUnavailable')],
  ],
  ['a message that is too large for the bus', 'refused', [answer('bus', undefined, 'MessageSizeExceeded')]],
  [
    'no answer, or one that cannot be read',
    'busy',
    [
      answer('arm', undefined, 'NoAnswer'),
      answer('kubernetes', undefined, 'ECONNRESET'),
      answer('vault', undefined, 'UnreadableAnswer'),
      answer('bus', undefined, 'QuotaExceeded'),
    ],
  ],
  ['an Azure Policy that forbids it', 'refused', [answer('arm', 403, 'RequestDisallowedByPolicy')]],
  [
    "a vault's firewall",
    'refused',
    [answer('vault', 403, 'ForbiddenByFirewall'), answer('vault', 403, 'ForbiddenByConnection')],
  ],
  ['a secret that somebody disabled', 'refused', [answer('vault', 403, 'SecretDisabled')]],
  [
    'a quota that is used up',
    'refused',
    [
      answer('arm', 400, 'InsufficientQuota'),
      answer('arm', 400, 'RoleAssignmentLimitExceeded'),
      answer('arm', 409, 'OperationNotAllowed', {
        detail: 'Operation could not be completed as it results in exceeding approved Total Regional Cores quota.',
      }),
    ],
  ],
  ['a size that the region does not have', 'refused', [answer('arm', 409, 'SkuNotAvailable')]],
  ['a lock', 'refused', [answer('arm', 409, 'ScopeLocked')]],
  ['a provider that is not registered', 'refused', [answer('arm', 409, 'MissingSubscriptionRegistration')]],
  ['a name that somebody else in Azure has', 'refused', [answer('arm', 409, 'CustomDomainInUse')]],
  [
    "a namespace's quota",
    'refused',
    [
      answer('kubernetes', 403, 'Forbidden', {
        detail: 'services "m" is forbidden: exceeded quota: lb, requested: services=1',
      }),
    ],
  ],
  [
    'a namespace that is being removed',
    'refused',
    [
      answer('kubernetes', 403, 'Forbidden', {
        detail:
          'services "m" is forbidden: unable to create new content in namespace kaito-models because it is being terminated',
      }),
    ],
  ],
  [
    "a webhook's denial",
    'refused',
    [
      answer('kubernetes', 400, 'BadRequest', {
        detail: 'admission webhook "validation.workspace.kaito.sh" denied the request: Unsupported instance type',
      }),
      answer('kubernetes', 403, 'Forbidden', { detail: 'admission webhook "policy" denied the request: no' }),
    ],
  ],
  ['an object that the cluster finds invalid', 'refused', [answer('kubernetes', 422, 'Invalid')]],
  [
    'throttling',
    'busy',
    [answer('arm', 429, 'SubscriptionRequestsThrottled'), answer('cosmos', 429, 'TooManyRequests')],
  ],
  ['a token that is not accepted any more', 'busy', [answer('arm', 401, 'InvalidAuthenticationToken')]],
  [
    'a role that is not there yet',
    'busy',
    [
      answer('arm', 403, 'AuthorizationFailed'),
      answer('arm', 403, 'LinkedAuthorizationFailed'),
      answer('vault', 403, 'ForbiddenByRbac'),
      answer('kubernetes', 403, 'Forbidden', {
        detail: 'services is forbidden: User "hai" cannot create resource "services"',
      }),
    ],
  ],
  ['a principal that the directory has not heard of', 'busy', [answer('arm', 400, 'PrincipalNotFound')]],
  [
    'an account that is being changed, told by its provider as 400',
    'busy',
    [answer('arm', 400, 'AccountProvisioningStateInvalid')],
  ],
  [
    'an account that is not ready for a project, told by its provider as 400',
    'busy',
    [
      answer('arm', 400, 'BadRequest', {
        detail: 'Parent account does not provision correctly, please retry creating the account.',
      }),
    ],
  ],
  [
    'something above it, or just made, that does not show',
    'busy',
    [answer('arm', 404, 'ParentResourceNotFound'), answer('kubernetes', 404, 'Http404')],
  ],
  [
    'a request that was given up, a replica that moved, or a write that met another',
    'busy',
    [answer('cosmos', 408, 'RequestTimeout'), answer('cosmos', 410, 'Gone'), answer('cosmos', 449, 'RetryWith')],
  ],
  [
    'another write under way, or another version',
    'busy',
    [
      answer('arm', 409, 'RequestConflict'),
      answer('arm', 412, 'PreconditionFailed'),
      answer('kubernetes', 409, 'AlreadyExists'),
      answer('arm', 409, 'OperationNotAllowed', { detail: 'Another operation (Updating) is in progress' }),
    ],
  ],
  [
    'a management endpoint that takes no writes at the moment',
    'busy',
    [answer('arm', 422, 'ManagementApiRequestFailed')],
  ],
  ['a failure of the service', 'busy', [answer('arm', 500, 'InternalServerError'), answer('vault', 503, 'Http503')]],
  [
    'anything else that the service finds wrong with the request',
    'refused',
    [
      answer('arm', 400, 'ValidationError'),
      answer('arm', 405, 'MethodNotAllowed'),
      answer('cosmos', 413, 'RequestEntityTooLarge'),
    ],
  ],
];

it('has a case for every row, in the order of the rows, and a source in every row', () => {
  expect(CASES.map(([what]) => what)).toEqual(ROWS.map(({ what }) => what));
  expect(ROWS.filter(({ source }) => !/^(https:\/\/\S+|[\w-]+\/[\w.-]+#\d+)$/.test(source))).toEqual([]);
});

describe.each(CASES)('%s', (what, kind, examples) => {
  it(`is ${kind}`, () => {
    for (const error of examples) {
      expect(ROWS.find(({ match }) => match(error))?.what).toBe(what);
      expect(classify(error).kind).toBe(kind);
    }
  });
});

it('says of a wait with which code, and for how long the service asked, however long that is', () => {
  const throttled = answer('arm', 429, 'TooManyRequests', { retryAfterSeconds: 86_400 });
  expect(classify(throttled)).toEqual({ kind: 'busy', code: 'TooManyRequests', retryAfterSeconds: 86_400 });
  expect(classify(answer('arm', 409, 'Conflict'))).toEqual({ kind: 'busy', code: 'Conflict' });
});

it("says of a refusal the service's own code and words, by which request they are found, and what to do", () => {
  const error = answer('arm', 403, 'RequestDisallowedByPolicy', { detail: 'Only in swedencentral.', requestId: 'r-1' });
  expect(classify(error)).toMatchObject({
    kind: 'refused',
    problem: {
      code: 'refused-by-azure',
      azureCode: 'RequestDisallowedByPolicy',
      detail: 'do it: RequestDisallowedByPolicy (403): Only in swedencentral. (request r-1)',
      nextStep: expect.stringContaining('policy'),
    },
  });
});

it('takes whatever is no answer of a service for a fault of ours, which waits', () => {
  for (const fault of [new TypeError('x is undefined'), new Error('?'), 'text', undefined, null])
    expect(classify(fault)).toEqual({ kind: 'busy', code: 'InternalFault', retryAfterSeconds: 60 });
});

describe('a call that failed', () => {
  it.each([
    ['was refused', answer('arm', 409, 'Conflict')],
    ['was throttled', answer('arm', 429, 'TooManyRequests')],
    ['was throttled by Resource Manager with 503', answer('arm', 503, 'ServerBusy', { retryAfterSeconds: 5 })],
    ['had no token', answer('arm', 500, 'TokenUnavailable')],
    ['found nobody listening', answer('kubernetes', undefined, 'ECONNREFUSED')],
    ['met a certificate that is not trusted', answer('kubernetes', undefined, 'SELF_SIGNED_CERT_IN_CHAIN')],
  ])('has done nothing when it %s', (_how, error) => {
    expect(tookTheCall(error)).toBe('no');
  });

  it.each([
    ['had no answer', answer('arm', undefined, 'NoAnswer')],
    ['lost its connection', answer('arm', undefined, 'ECONNRESET')],
    ['had an unreadable answer', answer('arm', undefined, 'UnreadableAnswer')],
    ['failed inside', answer('arm', 500, 'InternalServerError')],
    ['failed without a word of throttling', answer('arm', 503, 'ServiceUnavailable')],
    ['timed out inside Cosmos DB', answer('cosmos', 408, 'RequestTimeout')],
    ['timed out inside API Management', answer('arm', 422, 'ManagementApiRequestFailed')],
    ['failed for a fault of ours', new TypeError('x is undefined')],
  ])('may have done it all the same when it %s', (_how, error) => {
    expect(tookTheCall(error)).toBe('maybe');
  });
});
