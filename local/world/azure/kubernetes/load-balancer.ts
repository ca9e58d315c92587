/**
 * The cloud controller for Services: an internal load balancer gets its address after a while, the static one that its annotation asks for,
 * or an event says why not. https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/
 */
import { isDeepStrictEqual } from 'node:util';
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import {
  dropFinalizer,
  type KubernetesObject,
  listObjects,
  objectKey,
  readObject,
  recordEvent,
  saveObject,
  withFinalizer,
} from './objects.js';

const ANNOTATION = 'service.beta.kubernetes.io/azure-load-balancer-';
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

const SYNC_JOB = 'load-balancer-sync';
const GONE_JOB = 'service-gone';

/** What a public load balancer gets: an address of the documentation range (RFC 5737), which leads nowhere. */
const PUBLIC_ADDRESS = '203.0.113.10';

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  ports: { port: number; protocol?: string; nodePort?: number; targetPort?: unknown }[];
}

/** Defaults of the API server, and the addresses and ports that it assigns once. */
export function withServiceDefaults(
  azure: Azure,
  service: KubernetesObject,
  before?: KubernetesObject,
): KubernetesObject {
  const given = service['spec'] as ServiceSpec;
  const held = before?.['spec'] as ServiceSpec | undefined;
  const isLoadBalancer = given.type === 'LoadBalancer';
  const ports = given.ports.map((port, index) => ({
    protocol: 'TCP',
    targetPort: port.port,
    ...(isLoadBalancer ? { nodePort: held?.ports[index]?.nodePort ?? nodePort(azure) } : {}),
    ...port,
  }));
  const clusterIP = given.clusterIP ?? held?.clusterIP ?? clusterAddress(azure);
  return {
    ...service,
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...given, clusterIP, ports },
    status: service['status'] ?? { loadBalancer: {} },
  };
}

/** Kubernetes takes node ports from 30000 to 32767. */
function nodePort({ store }: Azure): number {
  return 30_000 + (store.next('node-port') % 2_768);
}

/** From the service network 10.0.0.0/16, which is AKS's default. */
function clusterAddress({ store }: Azure): string {
  const serial = store.next('cluster-address');
  return `10.0.${(serial >> 8) % 256}.${serial % 256}`;
}

/**
 * Whether a change is the load balancer's business: others, such as a finalizer that a PUT left out, are not looked at (`needsUpdate` of the
 * service controller in kubernetes/cloud-provider).
 */
export function needsSync(service: KubernetesObject, before: KubernetesObject): boolean {
  const looked = ({ metadata, spec }: KubernetesObject): unknown =>
    JSON.parse(JSON.stringify([spec, metadata.annotations ?? {}]));
  return !service.metadata.deletionTimestamp && !isDeepStrictEqual(looked(service), looked(before));
}

/** Holds the Service and asks for the load balancer to be brought in line; its address comes later. */
export function syncLoadBalancer(azure: Azure, created: KubernetesObject, fault?: ActiveFault): void {
  if ((created['spec'] as ServiceSpec).type !== 'LoadBalancer') return;
  const service = save(azure, withFinalizer(created, FINALIZER));
  const key = keyOfService(service);
  azure.jobs.cancel(SYNC_JOB, key);
  if (fault?.kind === 'stuck-operation') return;
  const failure = fault?.kind === 'failed-operation' ? fault.error.message : undefined;
  const dueMs = azure.clock.now() + azure.latency('loadBalancer', key);
  azure.jobs.schedule(SYNC_JOB, key, dueMs, { uid: service.metadata.uid, failure });
  recordEvent(azure, service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
}

export function loadBalancerSteps(azure: Azure): void {
  azure.jobs.on(SYNC_JOB, ({ data, subject }) => {
    const service = readObject(azure, subject);
    if (service?.metadata.uid !== data['uid'] || service?.metadata.deletionTimestamp) return;
    const result = data['failure'] ? { problem: String(data['failure']) } : assign(azure, service!);
    if ('problem' in result) {
      const text = `Error syncing load balancer: failed to ensure load balancer: ${result.problem}`;
      recordEvent(azure, service!, 'Warning', 'SyncLoadBalancerFailed', text);
      return;
    }
    save(azure, { ...service!, status: { loadBalancer: { ingress: [{ ip: result.address, ipMode: 'VIP' }] } } });
    recordEvent(azure, service!, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  });
  azure.jobs.on(GONE_JOB, ({ data, subject }) => dropFinalizer(azure, subject, data['uid'], FINALIZER));
}

/** Cleans up; without its finalizer nobody waits for that. */
export function endLoadBalancer(azure: Azure, service: KubernetesObject, fault?: ActiveFault): void {
  const key = keyOfService(service);
  if (!service.metadata.finalizers?.includes(FINALIZER) || fault?.kind === 'stuck-operation') return;
  const dueMs = azure.clock.now() + azure.latency('loadBalancerDelete', key);
  azure.jobs.schedule(GONE_JOB, key, dueMs, { uid: service.metadata.uid });
}

/** The address, or why there is none: the messages are those that people see in the field. */
function assign(azure: Azure, service: KubernetesObject): { address: string } | { problem: string } {
  const annotations = service.metadata.annotations ?? {};
  if (annotations[`${ANNOTATION}internal`] !== 'true') return { address: PUBLIC_ADDRESS };
  const { modelsPrefix, modelsSubnet } = azure.settings.network;
  const subnet = annotations[`${ANNOTATION}internal-subnet`];
  if (subnet !== modelsSubnet) return { problem: `failed to get subnet: vnet/${subnet ?? '(the nodes’ subnet)'}` };
  const address = annotations[`${ANNOTATION}ipv4`] ?? freeAddress(azure, modelsPrefix);
  if (modelsPrefix && !inPrefix(address, modelsPrefix)) {
    return {
      problem: `PrivateIPAddressNotInSubnet: Private static IP address ${address} does not belong to the range of subnet prefix ${modelsPrefix}.`,
    };
  }
  if (holders(azure, address).some(({ metadata }) => metadata.uid !== service.metadata.uid)) {
    return { problem: `PrivateIPAddressInUse: IP address ${address} is in use.` };
  }
  return { address };
}

function holders(azure: Azure, address: string): KubernetesObject[] {
  return listObjects(azure, 'services').filter((service) => {
    const status = service['status'] as { loadBalancer?: { ingress?: { ip: string }[] } } | undefined;
    return status?.loadBalancer?.ingress?.some(({ ip }) => ip === address);
  });
}

/** Azure keeps the first four addresses of a subnet for itself. */
const RESERVED_ADDRESSES = 4;

function freeAddress(azure: Azure, prefix = '10.0.0.0/24'): string {
  const base = toNumber(prefix.split('/')[0] ?? '');
  for (let offset = RESERVED_ADDRESSES; offset < 256; offset++) {
    const address = toText(base + offset);
    if (holders(azure, address).length === 0) return address;
  }
  throw new Error(`No address is free in ${prefix}`);
}

function inPrefix(address: string, prefix: string): boolean {
  const [network = '', length = '32'] = prefix.split('/');
  const size = 2 ** (32 - Number(length));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(network) / size);
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function keyOfService({ metadata }: KubernetesObject): string {
  return objectKey('services', metadata.namespace, metadata.name);
}

function save(azure: Azure, service: KubernetesObject): KubernetesObject {
  return saveObject(azure, keyOfService(service), service);
}
