/** Policy documents at all scopes. The gateway judges them: what it would not run, ARM refuses with the place of the mistake. */
import { z } from 'zod';
import { validatePolicy } from '../../../gateway/index.js';
import { ArmError } from '../../arm/errors.js';
import type { Call, ResourceType } from '../../arm/resource-type.js';
import { envelope } from '../schema.js';
import { entity, invalid, requireActiveService, SERVICE } from './common.js';

/** Limit of a policy document on the v2 tiers. https://learn.microsoft.com/azure/api-management/api-management-service-limits */
const POLICY_MAX_BYTES = 256 * 1024;

const body = z.strictObject({
  ...envelope,
  properties: z.strictObject({
    value: z.string().min(1),
    format: z.enum(['xml', 'rawxml', 'xml-link', 'rawxml-link']).default('xml'),
  }),
});

function judge(call: Call): void {
  requireActiveService(call);
  // A deletion comes without a document.
  const properties = call.body['properties'] as z.output<typeof body>['properties'] | undefined;
  if (!properties) return;
  const { format, value } = properties;
  if (format !== 'xml' && format !== 'rawxml') throw invalid('format', `'${format}' is not supported here`);
  if (Buffer.byteLength(value) > POLICY_MAX_BYTES) throw invalid('value', `longer than ${POLICY_MAX_BYTES} bytes`);
  const problem = validatePolicy(value, format);
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
    beforeWrite: judge,
  };
}

export const policies: ResourceType[] = [
  SERVICE,
  `${SERVICE}/products`,
  `${SERVICE}/apis`,
  `${SERVICE}/apis/operations`,
].map(policiesOf);
