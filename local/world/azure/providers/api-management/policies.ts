/** Policy documents at all scopes, and fragments of them. The gateway judges: what it would not run, ARM refuses with the place of the mistake. */
import { z } from 'zod';
import { type PolicyFormat, type PolicyProblem, validateFragment, validatePolicy } from '../../../gateway/index.js';
import { ArmError } from '../../arm/errors.js';
import type { Call, Resource, ResourceType } from '../../arm/resource-type.js';
import { policyLibrary, requireSoundPolicies, requireUnused } from '../../policy-library.js';
import { envelope, readOnly } from '../schema.js';
import {
  entity,
  invalid,
  LIMITS,
  oneWriteForEachApi,
  requireWritable,
  SERVICE,
  serviceAbove,
  serviceId,
} from './common.js';

/** Limit of a policy document on the v2 tiers. https://learn.microsoft.com/azure/api-management/api-management-service-limits */
const POLICY_MAX_BYTES = 256 * 1024;

const body = z.strictObject({
  ...envelope,
  properties: z.strictObject({
    value: z.string().min(1),
    format: z.enum(['xml', 'rawxml', 'xml-link', 'rawxml-link']).default('xml'),
  }),
});

type Validate = (
  xml: string,
  format: PolicyFormat,
  library: ReturnType<typeof policyLibrary>,
) => PolicyProblem | undefined;

function judge(call: Call, validate: Validate): void {
  requireWritable(call);
  // A deletion comes without a document.
  const properties = call.body['properties'] as { value: string; format?: string } | undefined;
  if (!properties) return;
  const { format = 'xml', value } = properties;
  if (format !== 'xml' && format !== 'rawxml') throw invalid('format', `'${format}' is not supported here`);
  if (Buffer.byteLength(value) > POLICY_MAX_BYTES) throw invalid('value', `longer than ${POLICY_MAX_BYTES} bytes`);
  const problem = validate(value, format, policyLibrary(call.azure, serviceId(call)));
  if (!problem) return;
  throw new ArmError(400, 'ValidationError', `One or more fields contain incorrect values: ${problem.message}`, [
    { code: 'ValidationError', target: 'policy', message: problem.message },
  ]);
}

function policiesOf(type: string): ResourceType {
  return {
    ...entity,
    type: `${type}/policies`,
    verbs: ['PUT', 'GET', 'HEAD', 'DELETE', 'LIST'],
    nameRule: /^policy$/i,
    body,
    contention: oneWriteForEachApi,
    beforeWrite: (call) => judge(call, validatePolicy),
  };
}

/** https://learn.microsoft.com/azure/api-management/policy-fragments */
const fragment: ResourceType = {
  ...entity,
  type: `${SERVICE}/policyFragments`,
  limit: { count: () => LIMITS.policyFragments },
  verbs: ['PUT', 'GET', 'HEAD', 'DELETE', 'LIST'],
  nameRule: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,78}[a-zA-Z0-9])?$/,
  body: z.strictObject({
    ...envelope,
    properties: z.strictObject({
      value: z.string().min(1),
      format: z.enum(['xml', 'rawxml']).default('xml'),
      description: z.string().max(1_000).optional(),
      provisioningState: readOnly,
    }),
  }),
  beforeWrite: (call) => judge(call, validateFragment),
  completed: (azure, resource) => requireSoundPolicies(azure, serviceAbove(resource)),
  beforeDelete: ({ azure }, resource: Resource) =>
    requireUnused(azure, serviceAbove(resource), 'fragment', resource.name),
};

export const policies: ResourceType[] = [
  ...[SERVICE, `${SERVICE}/products`, `${SERVICE}/apis`, `${SERVICE}/apis/operations`].map(policiesOf),
  fragment,
];
