/**
 * The virtual network, as far as models are concerned: private names resolve to records of the DNS zone, addresses to load balancers of the
 * cluster, those to ready Workspaces; public names of Foundry to its accounts. The gateway and the egress proxy send through here.
 */

import type { NetworkRequest, NetworkResponse } from '../gateway/contract.js';
import { answerAsFoundry, answerAsVllm } from '../models/index.js';
import { descendants, readResource, resourcesOfType } from './arm/resources.js';
import type { Azure } from './azure.js';
import { type KubernetesObject, listObjects, objectKey, readObject } from './kubernetes/objects.js';
import { hasRole, ROLE } from './roles.js';
import { AUDIENCE } from './tokens.js';

/** What a socket would say. `code` is Node's: ENOTFOUND, ECONNREFUSED. */
export class NetworkError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

const FOUNDRY_HOST = /^([a-z0-9-]+)\.(openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/i;

/** Roles whose data actions include chat completions. */
const MODEL_ROLES = [ROLE.openAiUser, ROLE.openAiContributor, ROLE.cognitiveServicesUser, ROLE.foundryUser];

/** A deployment goes on serving while its capacity is changed. */
const SERVING_STATES = new Set(['Succeeded', 'Accepted']);

/** Sends a request from inside the virtual network. Rejects with a NetworkError where a socket would fail. */
export async function send(azure: Azure, request: NetworkRequest): Promise<NetworkResponse> {
  const url = new URL(request.url);
  const [, subdomain] = FOUNDRY_HOST.exec(url.hostname) ?? [];
  if (subdomain) return sendToFoundry(azure, request, subdomain);
  const workspace = workspaceBehind(azure, url);
  return answerAsVllm(request, servedName(workspace), azure.clock);
}

function sendToFoundry(azure: Azure, request: NetworkRequest, subdomain: string): NetworkResponse {
  const account = resourcesOfType(azure, 'Microsoft.CognitiveServices/accounts').find(
    ({ name, properties }) =>
      String(properties['customSubDomainName'] ?? name).toLowerCase() === subdomain.toLowerCase(),
  );
  if (account?.properties['provisioningState'] !== 'Succeeded') throw unknownHost(new URL(request.url).hostname);
  const caller = azure.tokens.check(request.headers['authorization'], AUDIENCE.foundry);
  if ('refused' in caller) {
    return refusal('Unauthorized', `Access denied due to invalid authentication. ${caller.refused}`);
  }
  if (!hasRole(azure, caller.objectId, MODEL_ROLES, account.id)) {
    const text = `The principal \`${caller.objectId}\` lacks the required data action \`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action\` to perform \`${request.method} ${new URL(request.url).pathname}\` operation.`;
    return refusal('PermissionDenied', text);
  }
  const deployments = descendants(azure, account.id, 'Microsoft.CognitiveServices/accounts/deployments')
    .filter(({ properties }) => SERVING_STATES.has(String(properties['provisioningState'])))
    .map(({ name, properties }) => {
      const model = properties['model'] as { name: string; version?: string };
      return { name, model: model.name, version: model.version ?? '' };
    });
  return answerAsFoundry(request, deployments, azure.clock);
}

function refusal(code: string, message: string): NetworkResponse {
  const body = Buffer.from(JSON.stringify({ error: { code, message } }));
  return { status: 401, headers: { 'content-type': 'application/json' }, body: chunks(body) };
}

async function* chunks(...parts: Buffer[]): AsyncIterable<Buffer> {
  yield* parts;
}

/** Name → A record → load balancer → pod: each missing link fails as it would on a socket. */
function workspaceBehind(azure: Azure, url: URL): KubernetesObject {
  const address = resolveName(azure, url.hostname);
  const port = Number(url.port || 80);
  const service = listObjects(azure, 'services').find((candidate) => listensAt(candidate, address, port));
  const name = (service?.['spec'] as { selector?: Record<string, string> } | undefined)?.selector?.[
    'kaito.sh/workspace'
  ];
  const workspace = name && readObject(azure, objectKey('workspaces', service?.metadata.namespace, name));
  if (!workspace || !isServing(workspace)) throw new NetworkError('ECONNREFUSED', `connect ${address}:${port}`);
  return workspace;
}

/** The first A record of the name, or the address itself. */
function resolveName(azure: Azure, hostname: string): string {
  if (/^[\d.]+$/.test(hostname)) return hostname;
  for (const zone of resourcesOfType(azure, 'Microsoft.Network/privateDnsZones')) {
    const suffix = `.${zone.name.toLowerCase()}`;
    if (!hostname.toLowerCase().endsWith(suffix)) continue;
    const record = readResource(azure, `${zone.id}/A/${hostname.slice(0, -suffix.length)}`);
    const [first] = (record?.properties['aRecords'] ?? []) as { ipv4Address: string }[];
    if (first) return first.ipv4Address;
  }
  throw unknownHost(hostname);
}

function unknownHost(hostname: string): NetworkError {
  return new NetworkError('ENOTFOUND', `getaddrinfo ${hostname}`);
}

function listensAt(service: KubernetesObject, address: string, port: number): boolean {
  const status = service['status'] as { loadBalancer?: { ingress?: { ip: string }[] } } | undefined;
  const spec = service['spec'] as { ports?: { port: number }[] } | undefined;
  return (
    (status?.loadBalancer?.ingress ?? []).some(({ ip }) => ip === address) &&
    (spec?.ports ?? []).some((one) => one.port === port)
  );
}

function isServing(workspace: KubernetesObject): boolean {
  const { conditions = [] } = (workspace['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return (
    !workspace.metadata.deletionTimestamp &&
    conditions.some(({ status, type }) => type === 'InferenceReady' && status === 'True')
  );
}

/** vLLM serves under the name of the preset. */
function servedName(workspace: KubernetesObject): string {
  const inference = workspace['inference'] as { preset?: { name?: string } } | undefined;
  return inference?.preset?.name ?? workspace.metadata.name;
}
