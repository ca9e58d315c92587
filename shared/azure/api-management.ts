/** API Management: products, their policies and APIs, subscriptions and backends. Updates and removals name the version that was read. */
import type { BackendContract, ProductContract, SubscriptionContract } from '@azure/arm-apimanagement';
import { ServiceError } from '../model/service-error.js';
import type { ApiManagement, Backend, Product, Subscription } from '../resources/adapters.js';
import { armCaller, isAbsent } from './arm.js';
import { parseArmId } from './arm-id.js';
import { unreadable } from './azure-error.js';
import { type AzureConnection, armOptions, keyed } from './connection.js';

/** A product policy document is always called this. */
const POLICY = 'policy';

/**
 * After three failures within a minute a model is left alone for half a minute. The values are those of the platform's own Foundry backend; a
 * model that is merely busy (429) is not left alone.
 */
const CIRCUIT_BREAKER = {
  rules: [
    {
      name: 'model-breaker',
      failureCondition: { count: 3, interval: 'PT1M', statusCodeRanges: [{ min: 500, max: 599 }] },
      tripDuration: 'PT30S',
      acceptRetryAfter: true,
    },
  ],
};

export function apiManagement(connection: AzureConnection): ApiManagement {
  const arm = armCaller(connection);
  const clients = keyed((azureSubscriptionId) => {
    const sdk = require('@azure/arm-apimanagement') as typeof import('@azure/arm-apimanagement');
    return new sdk.ApiManagementClient(connection.credential, azureSubscriptionId, armOptions(connection));
  });
  /** The client, and where the entity is: group, service and its own names. */
  function open<const Types extends readonly string[]>(id: string, ...types: Types) {
    const { azureSubscriptionId, resourceGroup, names } = parseArmId(id, 'service', ...types);
    const at = [resourceGroup, ...names] as [string, string, ...{ [Index in keyof Types]: string }];
    return { client: clients(azureSubscriptionId), at };
  }

  return {
    async readServiceState(id) {
      const { client, at } = open(id);
      const found = await arm.read(`read API Management "${at[1]}"`, isAbsent(id), (options) =>
        client.apiManagementService.get(...at, options),
      );
      return found?.provisioningState;
    },

    async readProduct(id) {
      const { client, at } = open(id, 'products');
      const action = `read product "${at[2]}"`;
      const found = await arm.read(action, isAbsent(id), (options) => client.product.get(...at, options));
      return found && productOf(action, found);
    },

    async writeProduct(id, { rest, state, ...product }, found) {
      const { client, at } = open(id, 'products');
      const body = { ...rest, ...product, state: state as 'published' };
      await arm.send(`write product "${at[2]}"`, (options) =>
        client.product.createOrUpdate(...at, body, { ...options, ...ifMatch(found) }),
      );
    },

    deleteProduct(id, { etag }) {
      const { client, at } = open(id, 'products');
      return arm.remove(`delete product "${at[2]}"`, isAbsent(id), (options) =>
        client.product.delete(...at, etag, options),
      );
    },

    async readProductPolicy(productId) {
      const { client, at } = open(productId, 'products');
      const action = `read the policy of "${at[2]}"`;
      const found = await arm.read(action, isAbsent(policyOf(productId)), (options) =>
        client.productPolicy.get(...at, POLICY, { ...options, format: 'rawxml' }),
      );
      return found && { xml: found.value ?? '', etag: versionOf(action, found) };
    },

    async writeProductPolicy(productId, xml, found) {
      const { client, at } = open(productId, 'products');
      const body = { format: 'rawxml', value: xml };
      await arm.send(`write the policy of "${at[2]}"`, (options) =>
        client.productPolicy.createOrUpdate(...at, POLICY, body, { ...options, ...ifMatch(found) }),
      );
    },

    deleteProductPolicy(productId, { etag }) {
      const { client, at } = open(productId, 'products');
      return arm.remove(`delete the policy of "${at[2]}"`, isAbsent(policyOf(productId)), (options) =>
        client.productPolicy.delete(...at, POLICY, etag, options),
      );
    },

    /** The list of a product's APIs: the answer to a question for one has no body, so nobody knows who says 404. */
    async hasProductApi(id) {
      const { client, at } = open(id, 'products', 'apis');
      const [resourceGroup, service, product, api] = at;
      return arm.ask(`look for "${api}" in "${product}"`, async (options) => {
        for await (const { name } of client.productApi.listByProduct(resourceGroup, service, product, options))
          if (name?.toLowerCase() === api.toLowerCase()) return true;
        return false;
      });
    },

    async addProductApi(id) {
      const { client, at } = open(id, 'products', 'apis');
      await arm.send(`add "${at[3]}" to "${at[2]}"`, (options) => client.productApi.createOrUpdate(...at, options));
    },

    removeProductApi(id) {
      const { client, at } = open(id, 'products', 'apis');
      return arm.remove(`remove "${at[3]}" from "${at[2]}"`, isAbsent(id), (options) =>
        client.productApi.delete(...at, options),
      );
    },

    async readSubscription(id) {
      const { client, at } = open(id, 'subscriptions');
      const action = `read subscription "${at[2]}"`;
      const found = await arm.read(action, isAbsent(id), (options) => client.subscription.get(...at, options));
      return found && subscriptionOf(action, found);
    },

    /** An update is a PATCH: owner, keys and dates stay what they are. At a creation, keys are left to the service. */
    async writeSubscription(id, { displayName, scope, state }, found) {
      const { client, at } = open(id, 'subscriptions');
      const action = `write subscription "${at[2]}"`;
      const body = { displayName, scope, state: state as 'active' };
      const now = await arm.ask(action, (options) =>
        found
          ? client.subscription.update(...at, found.etag, body, options)
          : client.subscription.createOrUpdate(...at, { ...body, allowTracing: false }, options),
      );
      return subscriptionOf(action, now);
    },

    deleteSubscription(id, { etag }) {
      const { client, at } = open(id, 'subscriptions');
      return arm.remove(`delete subscription "${at[2]}"`, isAbsent(id), (options) =>
        client.subscription.delete(...at, etag, options),
      );
    },

    async readPrimaryKey(subscriptionId) {
      const { client, at } = open(subscriptionId, 'subscriptions');
      const action = `read the key of "${at[2]}"`;
      const { primaryKey } = await arm.ask(action, (options) => client.subscription.listSecrets(...at, options));
      if (!primaryKey) throw new ServiceError({ service: 'arm', action, ...unreadable('without a key') });
      return primaryKey;
    },

    async readBackend(id) {
      const { client, at } = open(id, 'backends');
      const action = `read backend "${at[2]}"`;
      const found = await arm.read(action, isAbsent(id), (options) => client.backend.get(...at, options));
      return found && backendOf(action, found);
    },

    async writeBackend(id, { rest, ...backend }, found) {
      const { client, at } = open(id, 'backends');
      const body = { protocol: 'http', circuitBreaker: CIRCUIT_BREAKER, ...rest, ...backend };
      await arm.send(`write backend "${at[2]}"`, (options) =>
        client.backend.createOrUpdate(...at, body, { ...options, ...ifMatch(found) }),
      );
    },

    deleteBackend(id, { etag }) {
      const { client, at } = open(id, 'backends');
      return arm.remove(`delete backend "${at[2]}"`, isAbsent(id), (options) =>
        client.backend.delete(...at, etag, options),
      );
    },
  };
}

const policyOf = (productId: string): string => `${productId}/policies/${POLICY}`;

/** There is no condition for a creation: If-None-Match is not documented. */
const ifMatch = (found: { etag: string } | undefined) => (found ? { ifMatch: found.etag } : {});

/** The version comes as a header. */
interface Entity {
  eTag?: string;
}

function productOf(action: string, found: ProductContract & Entity): Product {
  const { displayName, description, state, subscriptionRequired, approvalRequired, ...others } = found;
  return {
    displayName: displayName ?? '',
    description: description ?? '',
    state: state ?? 'notPublished',
    subscriptionRequired: subscriptionRequired ?? true,
    approvalRequired: approvalRequired ?? false,
    rest: restOf(others),
    etag: versionOf(action, found),
  };
}

const subscriptionOf = (action: string, found: SubscriptionContract & Entity): Subscription => ({
  displayName: found.displayName ?? '',
  scope: found.scope ?? '',
  state: found.state ?? 'submitted',
  etag: versionOf(action, found),
});

function backendOf(action: string, found: BackendContract & Entity): Backend {
  const { title, description, url, ...others } = found;
  return {
    title: title ?? '',
    description: description ?? '',
    url: url ?? '',
    rest: restOf(others),
    etag: versionOf(action, found),
  };
}

/** What a write sends back as it was: without what the service alone sets, and without what it leaves empty. */
function restOf({ id, name, type, eTag, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null));
}

/** Without a version nothing could be written on it, or removed. */
function versionOf(action: string, { eTag }: Entity): string {
  if (!eTag) throw new ServiceError({ service: 'arm', action, ...unreadable('without a version') });
  return eTag;
}
