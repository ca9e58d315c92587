/**
 * What an error means for a step, in one table for all services. Transient is `busy`: the same call again, later; only what repeating cannot
 * mend is `refused`. The first row that matches counts. Sources are public pages, or issues written as `owner/repository#number`.
 */
import { busy, type Outcome, refused } from '../../model/outcome.js';
import { problem } from '../../model/problem.js';
import { ServiceError } from '../../model/service-error.js';

export interface Row {
  /** The case, as the subject of a sentence: `a webhook's denial` (is refused). */
  what: string;
  match(error: ServiceError): boolean;
  outcome: 'busy' | 'refused';
  source: string;
  /** For a refusal: what to do about it. */
  nextStep?: string;
}

const LEARN = 'https://learn.microsoft.com/azure';
const KUBERNETES = 'https://kubernetes.io/docs';

export const ROWS: readonly Row[] = [
  {
    what: 'a token that cannot be had',
    match: ({ code }) => code === 'TokenUnavailable',
    outcome: 'busy',
    source: 'https://learn.microsoft.com/javascript/api/@azure/identity/credentialunavailableerror',
  },
  {
    what: 'a message that is too large for the bus',
    match: ({ service, code }) => service === 'bus' && code === 'MessageSizeExceeded',
    outcome: 'refused',
    source: `${LEARN}/service-bus-messaging/service-bus-messaging-exceptions-latest`,
  },
  {
    what: 'no answer, or one that cannot be read',
    match: ({ status }) => status === undefined,
    outcome: 'busy',
    source: `${LEARN}/architecture/best-practices/transient-faults`,
  },

  // What repeating cannot mend, by the code: its status differs from service to service.
  {
    what: 'an Azure Policy that forbids it',
    match: ({ code }) => code === 'RequestDisallowedByPolicy',
    outcome: 'refused',
    source: `${LEARN}/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy`,
    nextStep: 'Change the policy assignment, or exempt the resource group from it.',
  },
  {
    what: "a vault's firewall",
    match: ({ service, code }) => service === 'vault' && FIREWALL.includes(code),
    outcome: 'refused',
    source: 'hashicorp/terraform-provider-azurerm#20742',
    nextStep: 'Let the control plane’s network through the firewall of the vault.',
  },
  {
    what: 'a secret that somebody disabled',
    match: ({ service, code }) => service === 'vault' && code === 'SecretDisabled',
    outcome: 'refused',
    source: `${LEARN}/key-vault/secrets/about-secrets`,
    nextStep: 'Enable the current version of the secret.',
  },
  {
    what: 'a quota that is used up',
    match: ({ service, code, detail }) => service === 'arm' && (QUOTAS.includes(code) || QUOTA_TEXT.test(detail)),
    outcome: 'refused',
    source: `${LEARN}/azure-resource-manager/troubleshooting/error-resource-quota`,
    nextStep: 'Ask Azure for a larger quota, or remove what is not needed.',
  },
  {
    what: 'a size that the region does not have',
    match: ({ code }) => code === 'SkuNotAvailable',
    outcome: 'refused',
    source: `${LEARN}/azure-resource-manager/troubleshooting/error-sku-not-available`,
  },
  {
    what: 'a lock',
    match: ({ code }) => code === 'ScopeLocked',
    outcome: 'refused',
    source: `${LEARN}/azure-resource-manager/management/lock-resources`,
    nextStep: 'Remove the lock.',
  },
  {
    what: 'a provider that is not registered',
    match: ({ code }) => code === 'MissingSubscriptionRegistration',
    outcome: 'refused',
    source: `${LEARN}/azure-resource-manager/troubleshooting/error-register-resource-provider`,
    nextStep: 'Register the resource provider in the Azure subscription.',
  },
  {
    what: 'a name that somebody else in Azure has',
    match: ({ code }) => code === 'CustomDomainInUse',
    outcome: 'refused',
    source: `${LEARN}/ai-services/cognitive-services-custom-subdomains`,
  },

  // A Kubernetes API server says 403 for rights and for what admission refuses; the text alone tells them apart.
  {
    what: "a namespace's quota",
    match: ({ service, status, detail }) => service === 'kubernetes' && status === 403 && /exceeded quota/.test(detail),
    outcome: 'refused',
    source: `${KUBERNETES}/concepts/policy/resource-quotas/`,
    nextStep: 'Raise the ResourceQuota of the namespace.',
  },
  {
    what: 'a namespace that is being removed',
    match: ({ service, status, detail }) =>
      service === 'kubernetes' && status === 403 && /because it is being terminated/.test(detail),
    outcome: 'refused',
    source: `${KUBERNETES}/reference/access-authn-authz/admission-controllers/#namespacelifecycle`,
  },
  {
    what: "a webhook's denial",
    match: ({ service, status, detail }) =>
      service === 'kubernetes' && isBetween(status, 400, 499) && /admission webhook .* denied the request/.test(detail),
    outcome: 'refused',
    source: `${KUBERNETES}/reference/access-authn-authz/extensible-admission-controllers/#response`,
  },
  {
    what: 'an object that the cluster finds invalid',
    match: ({ service, status }) => service === 'kubernetes' && status === 422,
    outcome: 'refused',
    source:
      'https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md',
  },

  // Transient.
  {
    what: 'throttling',
    match: ({ status }) => status === 429,
    outcome: 'busy',
    source: `${LEARN}/azure-resource-manager/management/request-limits-and-throttling`,
  },
  {
    what: 'a token that is not accepted any more',
    match: ({ status }) => status === 401,
    outcome: 'busy',
    source: 'https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation',
  },
  {
    what: 'a role that is not there yet',
    match: ({ status }) => status === 403,
    outcome: 'busy',
    source: `${LEARN}/role-based-access-control/troubleshooting`,
  },
  {
    what: 'a principal that the directory has not heard of',
    match: ({ code }) => code === 'PrincipalNotFound',
    outcome: 'busy',
    source: 'https://aka.ms/docs-principaltype',
  },
  {
    what: 'an account that is being changed, told by its provider as 400',
    match: ({ code }) => code === 'AccountProvisioningStateInvalid',
    outcome: 'busy',
    source: 'DefangLabs/pulumi-defang#274',
  },
  {
    what: 'an account that is not ready for a project, told by its provider as 400',
    match: ({ status, detail }) => status === 400 && /Parent account does not provision correctly/.test(detail),
    outcome: 'busy',
    source: 'microsoft/microsoft-foundry-for-vscode#117',
  },
  {
    what: 'something above it, or just made, that does not show',
    match: ({ status }) => status === 404,
    outcome: 'busy',
    source: `${LEARN}/azure-resource-manager/troubleshooting/error-parent-resource`,
  },
  {
    what: 'a request that was given up, a replica that moved, or a write that met another',
    match: ({ status }) => status === 408 || status === 410 || status === 449,
    outcome: 'busy',
    source: `${LEARN}/cosmos-db/nosql/conceptual-resilient-sdk-applications`,
  },
  {
    what: 'another write under way, or another version',
    match: ({ status }) => status === 409 || status === 412 || status === 423 || status === 424,
    outcome: 'busy',
    source: 'hashicorp/terraform-provider-azurerm#15240',
  },
  {
    what: 'a management endpoint that takes no writes at the moment',
    match: ({ service, status }) => service === 'arm' && status === 422,
    outcome: 'busy',
    source: 'Azure/apiops#497',
  },
  {
    what: 'a failure of the service',
    match: ({ status }) => isBetween(status, 500, 599),
    outcome: 'busy',
    source: `${LEARN}/architecture/best-practices/transient-faults`,
  },

  {
    what: 'anything else that the service finds wrong with the request',
    match: () => true,
    outcome: 'refused',
    source: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.1',
  },
];

const FIREWALL = ['ForbiddenByFirewall', 'ForbiddenByConnection'];
const QUOTAS = ['QuotaExceeded', 'InsufficientQuota', 'ErrCode_InsufficientVCPUQuota', 'RoleAssignmentLimitExceeded'];
/** Compute's refusal, whose code `OperationNotAllowed` also stands for another operation under way. */
const QUOTA_TEXT = /exceeding approved .*quota/i;

const isBetween = (status: number | undefined, from: number, to: number): boolean =>
  status !== undefined && status >= from && status <= to;

/** A fault of ours is repeated as seldom as that; who calls raises the alert. */
const FAULT_SECONDS = 60;

/** Pure, and never throws. */
export function classify(error: unknown): Outcome {
  if (!(error instanceof ServiceError)) return busy('InternalFault', FAULT_SECONDS);
  const { outcome, nextStep } = ROWS.find(({ match }) => match(error))!;
  const { code, message, requestId, retryAfterSeconds } = error;
  if (outcome === 'busy') return busy(code, retryAfterSeconds);
  const detail = requestId ? `${message} (request ${requestId})` : message;
  return refused(problem('refused-by-azure', detail, { azureCode: code, ...(nextStep && { nextStep }) }));
}

/** The connection was never made, or there was no token to send anything with. */
const NOT_SENT = /^(TokenUnavailable|TooManyHangingCalls|ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$|CERT/;

/**
 * May the call still take effect, or have taken it? `no` only where the service said that it did nothing: a refusal of the request, throttling.
 * No answer, an unreadable one, a failure in the middle and a timeout inside the service leave it open.
 */
export function tookTheCall(error: unknown): 'no' | 'maybe' {
  if (!(error instanceof ServiceError)) return 'maybe';
  const { code, retryAfterSeconds, service, status } = error;
  if (NOT_SENT.test(code)) return 'no';
  if (status === undefined || status === 408 || code === TIMED_OUT_INSIDE) return 'maybe';
  const isThrottled = service === 'arm' && status === 503 && retryAfterSeconds !== undefined;
  return isBetween(status, 400, 499) || isThrottled ? 'no' : 'maybe';
}

/** API Management's management endpoint did not answer its own front; the write may have succeeded. */
const TIMED_OUT_INSIDE = 'ManagementApiRequestFailed';
