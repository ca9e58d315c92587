/**
 * What the AI gateway sees of the world: the configuration that was PUT through ARM, read anew after every change, and the way into the
 * virtual network.
 */
import type { GatewayApi, GatewayBackend, GatewaySubscription, GatewayWorld } from '../gateway/contract.js';
import { keyOf } from './arm/resource-id.js';
import type { Resource } from './arm/resource-type.js';
import { descendants, isType, readResource, resourcesOfType } from './arm/resources.js';
import type { Azure } from './azure.js';
import { send } from './network.js';
import { policyLibrary } from './policy-library.js';

const SERVICE = 'Microsoft.ApiManagement/service';

/** API Management's names when an API does not choose its own. */
const KEY_NAMES = { header: 'Ocp-Apim-Subscription-Key', query: 'subscription-key' };

interface View {
  service?: Resource;
  apis: GatewayApi[];
  children: Resource[];
  byKey: Map<string, GatewaySubscription>;
}

export function gatewayWorld(azure: Azure): GatewayWorld {
  let view: View | undefined;
  let revision = -1;
  const current = () => {
    if (!view || revision !== azure.store.revision) {
      azure.jobs.runDue();
      revision = azure.store.revision;
      view = build(azure);
    }
    return view;
  };
  const child = (path: string) => {
    const { service } = current();
    return service && readResource(azure, `${service.id}/${path}`);
  };
  const policyXml = (path: string) => child(`${path}policies/policy`)?.properties['value'] as string | undefined;
  const library = () => policyLibrary(azure, current().service?.id ?? '');
  return {
    apis: () => current().apis,
    subscriptionByKey: (key) => current().byKey.get(key),
    globalPolicyXml: () => policyXml(''),
    product(id) {
      const product = child(`products/${id}`);
      if (!product) return undefined;
      const links = descendants(azure, product.id, `${SERVICE}/products/apis`);
      return {
        id: product.name,
        state: String(product.properties['state']),
        apiIds: links.map(({ name }) => name),
        policyXml: policyXml(`products/${id}/`),
      };
    },
    backend(id) {
      const backend = child(`backends/${id}`);
      return backend && asBackend(backend);
    },
    namedValue: (name) => library().namedValue(name),
    fragment: (id) => library().fragment(id),
    identityToken(resource) {
      const principalId = current().service?.identity?.['principalId'];
      if (typeof principalId !== 'string')
        throw new Error('The API Management service has no system-assigned identity');
      return azure.tokens.issue(principalId, resource).token;
    },
    send: (request) => send(azure, request),
  };
}

function asBackend({ properties }: Resource): GatewayBackend {
  const { circuitBreaker, pool, url } = properties as {
    url?: string;
    circuitBreaker?: unknown;
    pool?: { services: { id: string; priority?: number; weight?: number }[] };
  };
  // Defaults of a pool's members: all equal (documented).
  const members = pool?.services.map(({ id, priority = 0, weight = 1 }) => ({
    id: id.split('/').at(-1) ?? id,
    priority,
    weight,
  }));
  return { url, circuitBreaker, pool: members };
}

function build(azure: Azure): View {
  const [service] = resourcesOfType(azure, SERVICE);
  const children = service ? descendants(azure, service.id) : [];
  const apis = children.filter((one) => isType(one, `${SERVICE}/apis`)).map((api) => asApi(api, children));
  return { service, apis, children, byKey: keysOf(children) };
}

function asApi(api: Resource, children: readonly Resource[]): GatewayApi {
  const names = (api.properties['subscriptionKeyParameterNames'] ?? KEY_NAMES) as typeof KEY_NAMES;
  const below = `${keyOf(api.id)}/`;
  const own = children.filter((one) => keyOf(one.id).startsWith(below));
  const policyXml = (id: string) =>
    own.find((one) => keyOf(one.id) === keyOf(`${id}/policies/policy`))?.properties['value'] as string | undefined;
  return {
    id: api.name,
    path: String(api.properties['path']),
    subscriptionKeyHeader: names.header,
    subscriptionKeyQuery: names.query,
    serviceUrl: api.properties['serviceUrl'] as string | undefined,
    policyXml: policyXml(api.id),
    operations: own
      .filter((one) => isType(one, `${SERVICE}/apis/operations`))
      .map(({ id, name, properties }) => ({
        id: name,
        policyXml: policyXml(id),
        method: String(properties['method']),
        urlTemplate: String(properties['urlTemplate']),
      })),
  };
}

function keysOf(children: readonly Resource[]): Map<string, GatewaySubscription> {
  const byKey = new Map<string, GatewaySubscription>();
  for (const subscription of children.filter((one) => isType(one, `${SERVICE}/subscriptions`))) {
    const [kind, name] = String(subscription.properties['scope']).split('/').slice(-2);
    const found: GatewaySubscription = {
      id: subscription.name,
      state: String(subscription.properties['state']),
      ...(kind === 'products' ? { productId: name } : {}),
      ...(kind === 'apis' ? { apiId: name } : {}),
    };
    for (const key of Object.values(subscription.hidden ?? {})) byKey.set(String(key), found);
  }
  return byKey;
}
