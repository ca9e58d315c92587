/** Steps of a shared model on the cluster: capacity, Workspace, Service with its fixed address, DNS name, and that it answers. */
import * as contracts from '../../orchestrations/activities.js';
import { pending, ready, refused } from '../../orchestrations/step.js';
import { KAITO_POOL_LABEL, modelServiceManifest, type WorkspaceState } from '../../shared/azure/kubernetes.js';
import { includesAll } from '../../shared/kit/subset.js';
import { problem } from '../../shared/model/problem.js';
import { implementStep } from './implement.js';

/** Seconds that resolvers keep a model's address; it is fixed, so minutes cost nothing. */
const DNS_TTL_SECONDS = 300;

implementStep(contracts.clusterCapacity, ({ kubernetes, platform }) => ({
  async ensure({ model, gpuPoolsMax }) {
    const cluster = await kubernetes.readCluster();
    if (!cluster || cluster.state === 'Failed')
      return refused(
        problem('refused-by-azure', `Cluster "${platform.cluster.name}" is ${cluster ? 'failed' : 'not there'}.`),
      );
    if (!cluster.hasKaito)
      return refused(
        problem('refused-by-azure', `Cluster "${platform.cluster.name}" runs without the KAITO add-on.`, {
          nextStep: 'Enable aiToolchainOperatorProfile on the cluster.',
        }),
      );
    const pools = await kubernetes.listPools();
    const gpuPools = pools.filter(({ labels }) => KAITO_POOL_LABEL in labels);
    const isOwn = gpuPools.some(({ labels }) => labels[KAITO_POOL_LABEL] === `workspace-${model}`);
    if (isOwn || gpuPools.length < gpuPoolsMax) return ready({});
    return refused(
      problem('capacity-exhausted', `The cluster has ${gpuPools.length} GPU node pools; ${gpuPoolsMax} are allowed.`, {
        nextStep: 'Retire a model, or raise gpuPoolsMax in config/guardrails.yaml.',
      }),
    );
  },
}));

implementStep(contracts.workspace, ({ kubernetes }) => ({
  async observe({ name }) {
    return { existing: (await kubernetes.readWorkspace(name)) ? {} : undefined };
  },
  async ensure(wanted) {
    const found = await kubernetes.readWorkspace(wanted.name);
    if (!found) {
      await kubernetes.createWorkspace(wanted);
      return pending('a GPU node');
    }
    if (found.preset !== wanted.preset || found.instanceType !== wanted.instanceType)
      return refused(
        problem(
          'name-taken',
          `Workspace "${wanted.name}" runs ${found.preset} on ${found.instanceType}, which cannot be changed.`,
        ),
      );
    const missing = missingCondition(found);
    return missing ? pending(missing) : ready({});
  },
  async undo({ name }, { existing }) {
    if (existing || !(await kubernetes.readWorkspace(name))) return ready({});
    await kubernetes.deleteWorkspace(name);
    return pending(`Workspace "${name}" to be deleted`, { retryAfterSeconds: 10 });
  },
}));

/** KAITO's conditions in the order in which they come true; both must hold, since one alone has been seen to lie. */
const CONDITIONS = [
  { type: 'ResourceReady', waitingFor: 'a GPU node' },
  { type: 'InferenceReady', waitingFor: 'the model to load' },
];

function missingCondition({ conditions }: WorkspaceState): string | undefined {
  for (const { type, waitingFor } of CONDITIONS) {
    const found = conditions.find((condition) => condition.type === type);
    if (found?.status !== 'True') return found?.message ? `${waitingFor} (${found.message})` : waitingFor;
  }
  return undefined;
}

implementStep(contracts.modelService, ({ kubernetes }) => ({
  async observe({ name }) {
    const found = await kubernetes.readService(name);
    return { existing: found && { manifest: found.manifest } };
  },
  async ensure(input) {
    const manifest = modelServiceManifest(input);
    const found = await kubernetes.readService(input.name);
    if (!found || !includesAll(found.manifest, manifest)) {
      await kubernetes.writeService(input.name, manifest, found?.resourceVersion);
      return pending(`the load balancer to take ${input.address}`);
    }
    if (found.address === input.address) return ready({});
    if (found.address)
      return refused(
        problem(
          'refused-by-azure',
          `Service "${input.name}" got address ${found.address} instead of ${input.address}.`,
          {
            nextStep: 'Check that the address is free and that the annotation names the subnet, not its id.',
          },
        ),
      );
    const warning = await kubernetes.readWarning(input.name);
    return pending(`the load balancer to take ${input.address}${warning ? ` (${warning})` : ''}`);
  },
  async undo({ name }, { existing }) {
    const found = await kubernetes.readService(name);
    if (existing) {
      if (!includesAll(found?.manifest, existing.manifest))
        await kubernetes.writeService(name, existing.manifest, found?.resourceVersion);
      return ready({});
    }
    if (!found) return ready({});
    await kubernetes.deleteService(name);
    return pending(`Service "${name}" to be deleted`, { retryAfterSeconds: 5 });
  },
}));

implementStep(contracts.dnsRecord, ({ privateDns }) => ({
  async observe({ name }) {
    return { existing: await privateDns.readRecord(name) };
  },
  async ensure({ name, address }) {
    const wanted = { addresses: [address], ttlSeconds: DNS_TTL_SECONDS };
    if (!includesAll(await privateDns.readRecord(name), wanted)) await privateDns.writeRecord(name, wanted);
    return ready({});
  },
  async undo({ name }, { existing }) {
    if (existing) await privateDns.writeRecord(name, existing);
    else await privateDns.deleteRecord(name);
    return ready({});
  },
}));

implementStep(contracts.modelAnswers, ({ modelEndpoint }) => ({
  async ensure({ url, servedName }) {
    const names = await modelEndpoint.readServedNames(url);
    if (!names) return pending(`${url} to answer`);
    if (names.includes(servedName)) return ready({});
    return refused(
      problem('proof-failed', `${url} serves ${names.join(', ') || 'nothing'} instead of "${servedName}".`, {
        nextStep: 'Set servedName (and, if needed, preset) of the model in config/model-catalog.yaml.',
      }),
    );
  },
}));
