/**
 * The simulated Azure: ARM, Key Vault, the Kubernetes API, the AI gateway, the identity endpoint and a way into the virtual network, each on
 * a port of its own, over one state and one clock.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { TlsMaterial } from '../../tls.js';
import { createGateway } from '../gateway/index.js';
import { Contention } from './arm/contention.js';
import { endOperations } from './arm/operations.js';
import { Registry } from './arm/registry.js';
import type { Resource } from './arm/resource-type.js';
import { resourcesOfType } from './arm/resources.js';
import { armService } from './arm/server.js';
import { type DeletedResource, softDeleteSteps } from './arm/soft-delete.js';
import { Throttle } from './arm/throttle.js';
import type { Azure } from './azure.js';
import { controlService } from './control.js';
import { egressService } from './egress.js';
import { type Fault, FaultList, type NamedFaults } from './faults.js';
import { gatewayWorld } from './gateway-world.js';
import { type AnsweredRequest, type Listener, listen, type Service } from './http.js';
import { identityService } from './identity.js';
import { Jobs } from './jobs.js';
import { startControllers } from './kubernetes/controllers.js';
import type { KubernetesObject } from './kubernetes/objects.js';
import { seedObjects } from './kubernetes/seed.js';
import { kubernetesService } from './kubernetes/service.js';
import { type LatencyOverrides, latencySource } from './latencies.js';
import { beginActivation } from './providers/api-management/service.js';
import { resourceTypes } from './providers/index.js';
import { type RecordedRequest, Recorder, type RequestCounts } from './recorder.js';
import { readResourcesFile } from './resources-file.js';
import { seed } from './seed.js';
import { Store } from './store.js';
import { Tokens } from './tokens.js';
import { type Secret, Secrets } from './vault/secrets.js';
import { vaultService } from './vault/service.js';

export type { Fault, FaultList, NamedFaults } from './faults.js';
export type { AnsweredRequest } from './http.js';
export type { LatencyName, LatencyOverrides } from './latencies.js';
export type { RecordedRequest, RequestCounts } from './recorder.js';

export type PortName = 'arm' | 'vault' | 'kubernetes' | 'gateway' | 'identity' | 'egress' | 'control';

export interface AzureOptions {
  clock: Clock;
  /** The parsed resources file; a mistake in it is an Error that names its place. */
  resources: unknown;
  tls: TlsMaterial;
  /** SQLite file; without it the state ends with the process. */
  dataFile?: string;
  /** Absent or 0: any free port. */
  ports?: Partial<Record<PortName, number>>;
  /** Decides minted ids, keys and where in its range a latency lies. */
  seed?: number;
  /** The API Management service begins in the state Activating, as right after its deployment. */
  apimActivating?: boolean;
  latencies?: LatencyOverrides;
  /** Writes that meet conflict; overrides the resources file. */
  contention?: boolean;
  /** KAITO leaves its agent pools, as older releases did; overrides the resources file. */
  kaitoLeavesPools?: boolean;
  /** Told what is asked of ARM and Kubernetes, with its body, for checkers of schemas. */
  record?: (entry: RecordedRequest) => void;
  /** Told of every request on every service, reads included, and how it ended. */
  onAnswer?: (entry: AnsweredRequest) => void;
  faults?: Fault[];
  /** Faults of other simulators, which the control endpoint sets by their name: `PUT /faults/<name>`. */
  moreFaults?: Record<string, NamedFaults>;
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

export interface AzureWorld {
  armUrl: string;
  vaultUrl: string;
  kubernetesUrl: string;
  gatewayUrl: string;
  /** For IDENTITY_ENDPOINT and IDENTITY_HEADER. */
  identityEndpoint: string;
  identityHeader: string;
  egressProxyUrl: string;
  controlUrl: string;
  ports: Record<PortName, number>;
  caPem: string;
  faults: FaultList;
  requests: RequestCounts;
  /** Ids of all that is there now: ARM resources, soft-deleted ones, secrets, objects of the cluster (events and NodeClaims left out). */
  inventory(): string[];
  /** Ends all connections and releases ports and file; a second call waits for the first. */
  close(): Promise<void>;
}

/** Starts all services. Throws when the resources file is wrong or a port is taken. */
export async function startAzure(options: AzureOptions): Promise<AzureWorld> {
  const log = options.log ?? (() => {});
  const azure = openState(options);
  const { clock, onAnswer } = options;
  const faults = new FaultList(() => clock.now(), options.faults);
  const recorder = new Recorder(options.record);
  const busy = { count: 0 };
  const unwatch = clock.watch('azure', () => busy.count === 0 && azure.jobs.isIdle());
  const listeners = new Map<PortName, Listener>();
  const shutDown = async () => {
    unwatch();
    azure.jobs.close();
    await Promise.all([...listeners.values()].map((listener) => listener.close()));
    azure.store.close();
  };
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= shutDown());
  try {
    const start = async (name: PortName, service: Service, tls?: TlsMaterial) => {
      const listener = await listen(service, options.ports?.[name] ?? 0, { clock, faults, log, busy, onAnswer }, tls);
      listeners.set(name, listener);
      return `${tls ? 'https' : 'http'}://127.0.0.1:${listener.port}`;
    };
    return await startServices(azure, options, { faults, recorder, start, listeners, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function openState(options: AzureOptions): Azure {
  const { clock, contention, dataFile, kaitoLeavesPools, latencies, resources, seed: chosenSeed = 1, tls } = options;
  const file = readResourcesFile(resources);
  const settings = { ...file, kaitoLeavesPools: kaitoLeavesPools ?? file.kaitoLeavesPools };
  const store = new Store(dataFile);
  return {
    clock,
    store,
    jobs: new Jobs(store, clock),
    settings,
    tokens: new Tokens(clock, settings.tenantId),
    registry: new Registry(resourceTypes),
    contention: new Contention(contention ?? settings.contention),
    endpoints: { arm: '', vault: '', kubernetes: '', gateway: '' },
    caPem: tls.caPem,
    latency: latencySource(chosenSeed, { ...settings.latencies, ...latencies }),
    seed: chosenSeed,
  };
}

interface Parts {
  faults: FaultList;
  recorder: Recorder;
  start(name: PortName, service: Service, tls?: TlsMaterial): Promise<string>;
  listeners: Map<PortName, Listener>;
  close(): Promise<void>;
}

async function startServices(
  azure: Azure,
  { apimActivating, moreFaults = {}, tls }: AzureOptions,
  parts: Parts,
): Promise<AzureWorld> {
  const { faults, listeners, recorder, start } = parts;
  const secrets = new Secrets(azure);
  endOperations(azure);
  softDeleteSteps(azure);
  startControllers(azure);
  azure.store.atomic(() => seedAll(azure, apimActivating === true));
  azure.jobs.runDue();
  const { endpoints } = azure;
  const { clientId, objectId } = azure.settings.identity;
  const identityHeader = identitySecret(azure);
  endpoints.arm = await start('arm', armService({ azure, recorder, throttle: new Throttle(azure.clock) }), tls);
  endpoints.vault = await start('vault', vaultService({ azure, secrets, recorder }), tls);
  endpoints.kubernetes = await start('kubernetes', kubernetesService({ azure, recorder }), tls);
  endpoints.gateway = await start('gateway', gatewayService(azure), tls);
  const identity = await start(
    'identity',
    identityService({ tokens: azure.tokens, header: identityHeader, objectId, clientId }),
  );
  const egressProxyUrl = await start('egress', egressService(azure));
  const inventory = () => listInventory(azure);
  const controlUrl = await start('control', controlService({ azure, faults, moreFaults, recorder, inventory }));
  return {
    armUrl: endpoints.arm,
    vaultUrl: endpoints.vault,
    kubernetesUrl: endpoints.kubernetes,
    gatewayUrl: endpoints.gateway,
    identityEndpoint: `${identity}/msi/token`,
    identityHeader,
    egressProxyUrl,
    controlUrl,
    ports: Object.fromEntries([...listeners].map(([name, { port }]) => [name, port])) as Record<PortName, number>,
    caPem: tls.caPem,
    faults,
    requests: recorder,
    inventory,
    close: parts.close,
  };
}

function seedAll(azure: Azure, apimActivating: boolean): void {
  const isNew = resourcesOfType(azure, 'Microsoft.ApiManagement/service').length === 0;
  seed(azure);
  seedObjects(azure);
  const [service] = resourcesOfType(azure, 'Microsoft.ApiManagement/service');
  if (apimActivating && isNew && service) beginActivation(azure, service);
}

/** Follows from the tenant: a product that still runs, and its credential, which reads the header once, go on with a restarted world. */
function identitySecret({ settings }: Azure): string {
  return createHash('sha256').update(`identity header of ${settings.tenantId}`).digest('hex').slice(0, 32);
}

function gatewayService(azure: Azure): Service {
  const gateway = createGateway(gatewayWorld(azure), azure.clock);
  const refuse = (status: number, message: string) => ({ status, body: { statusCode: status, message } });
  return {
    name: 'gateway',
    refuse: (status, _code, message) => refuse(status, message),
    absent: () => refuse(404, 'Resource not found'),
    answer: ({ body, clientIp, headers, method, target }) =>
      gateway.handle({ method, path: target, headers, body, clientIp }),
  };
}

/** Events are forgotten, and a NodeClaim goes with its agent pool. */
const LEFT_OUT = ['Event', 'NodeClaim'];

function listInventory(azure: Azure): string[] {
  const [vault] = resourcesOfType(azure, 'Microsoft.KeyVault/vaults');
  const { store } = azure;
  return [
    ...store.list<Resource>('resources').map(({ id }) => id),
    ...store.list<DeletedResource>('deleted').map(({ resource }) => `deleted:${resource.id}`),
    ...store
      .list<Secret>('secrets')
      .map(({ deletedMs, name }) => `${deletedMs ? 'deleted:' : ''}${vault?.id}/secrets/${name}`),
    ...store
      .list<KubernetesObject>('objects')
      .filter(({ kind }) => !LEFT_OUT.includes(kind))
      .map(({ apiVersion, kind, metadata }) => `${apiVersion}/${kind}/${metadata.namespace ?? '-'}/${metadata.name}`),
  ];
}
