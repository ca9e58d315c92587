/** The Service of a shared model: an internal load balancer with a fixed address, open to gateway and control plane only. */
import { z } from 'zod';
import { differences } from '../kit/differences.js';
import { pending, ready } from '../model/outcome.js';
import { ownerLabels, ownerOfLabels } from './gpu.js';
import { modelNamesOf, nameOf, specFields } from './names.js';
import { resource, written } from './resource.js';

const LOAD_BALANCER = 'service.beta.kubernetes.io/azure-load-balancer';
/** vLLM's port in the pods of a Workspace. */
const MODEL_PORT = 5000;

const ServiceSchema = z.object({
  ...specFields,
  workspace: z.string(),
  address: z.ipv4(),
  /** The subnet's name, not its id: cloud-provider-azure looks it up by name. */
  subnet: z.string(),
  sourceRanges: z.array(z.string()),
});

export const modelService = resource({
  kind: 'model-service',
  spec: ServiceSchema,
  belongs: ({ id, owner }) => nameOf(id) === modelNamesOf(owner).service,
  title: ({ address }) => `Give the model its private address ${address}`,
  wanted: (spec) => ({ manifest: manifestOf(spec) }),
  async read({ id }, { kubernetes }) {
    const found = await kubernetes.readService(nameOf(id));
    const leaving = found?.isTerminating && { life: 'leaving' as const };
    return found && { body: found, owner: ownerOfLabels(found.manifest.labels), ...leaving };
  },
  async write(spec, found, { kubernetes }) {
    if (found?.life === 'leaving') return pending(`the former Service "${nameOf(spec.id)}" to be gone`);
    await kubernetes.writeService(nameOf(spec.id), manifestOf(spec), found?.body);
    return written;
  },
  remove: async ({ id }, { body, life }, { kubernetes }) =>
    life === 'leaving' ? 'begun' : kubernetes.deleteService(nameOf(id), body.uid),
  async ready(spec, { kubernetes }) {
    const name = nameOf(spec.id);
    const found = await kubernetes.readService(name);
    if (!found || found.isTerminating) return pending(`Service "${name}" to show`);
    // An address that was there before says nothing of what was asked since. Whether it is the planned one, the next check tells.
    const isApplied = differences(found.manifest, manifestOf(spec)).length === 0;
    if (found.address && isApplied) return ready;
    const warning = await kubernetes.readWarning('Service', name);
    return pending(`the load balancer to take ${spec.address}${warning ? ` (${warning})` : ''}`);
  },
  compares: { create: true, write: true, remove: true },
  patience: { usualSeconds: 30, deadlineSeconds: 20 * 60 },
  removal: { usualSeconds: 20, deadlineSeconds: 60 * 60 },
  armWrites: 0,
});

const manifestOf = ({ owner, workspace, address, subnet, sourceRanges }: z.infer<typeof ServiceSchema>) => ({
  labels: ownerLabels(owner),
  annotations: {
    [`${LOAD_BALANCER}-internal`]: 'true',
    [`${LOAD_BALANCER}-internal-subnet`]: subnet,
    [`${LOAD_BALANCER}-ipv4`]: address,
  },
  spec: {
    type: 'LoadBalancer',
    // Keeps the caller's address, without which a NetworkPolicy by address cannot match.
    externalTrafficPolicy: 'Local',
    selector: { 'kaito.sh/workspace': workspace },
    ports: [{ name: 'http', port: 80, targetPort: MODEL_PORT, protocol: 'TCP' }],
    loadBalancerSourceRanges: sourceRanges,
  },
});
