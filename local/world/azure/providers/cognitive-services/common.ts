/** What the types of Cognitive Services share: versions, and the rule that an account takes one write at a time. */
import { ArmError } from '../../arm/errors.js';
import type { Call, ContentionRule, Resource } from '../../arm/resource-type.js';
import { isBusy, readResource } from '../../arm/resources.js';

export const ACCOUNTS = 'Microsoft.CognitiveServices/accounts';

/** Versions that exist (type index of Azure/bicep-types-az, 2026-08). Projects and connections begin with 2025-04-01-preview. */
export const PROJECT_API_VERSIONS = [
  '2025-04-01-preview',
  '2025-06-01',
  '2025-07-01-preview',
  '2025-09-01',
  '2025-10-01-preview',
  '2025-12-01',
  '2026-01-15-preview',
  '2026-03-01',
  '2026-03-15-preview',
  '2026-05-01',
  '2026-05-15-preview',
  '2026-07-01',
];

export const API_VERSIONS = ['2023-05-01', '2024-10-01', ...PROJECT_API_VERSIONS];

/** Letters, digits, underscore, dot and dash; 2 to 64 characters. */
export const RESOURCE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$/;

/** Id of the account that a request is about. */
export function accountId({ id }: Call): string {
  return `${id.scope}/providers/${ACCOUNTS}/${id.names[0]}`;
}

/** One write at a time on an account and all below it; the field knows this 409 well. */
export function requireQuietAccount(call: Call): void {
  const id = accountId(call);
  if (isBusy(call.azure, id)) throw requestConflict(id);
}

/** The same for writes that are done at once, and for the moment after an operation. */
export const oneWriteForEachAccount: ContentionRule = {
  latency: 'foundryContention',
  holds: (key) => /^.*\/microsoft\.cognitiveservices\/accounts\/[^/]+/.exec(key)?.[0],
  refusal: requestConflict,
};

function requestConflict(id: string): ArmError {
  const text = `Another operation is being performed on the parent resource '${id}'. Please try again later.`;
  return new ArmError(409, 'RequestConflict', text);
}

/** The account above a child; the engine has made sure that it is there. */
export function accountOf(call: Call): Resource | undefined {
  return readResource(call.azure, accountId(call));
}
