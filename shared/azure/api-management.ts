/** API Management: products, their policies and APIs, subscriptions and backends of one service. */
import { lazy } from '../kit/lazy.js';
import { azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import { type AzureConnection, armOptions } from './connection.js';

export interface Product {
  displayName: string;
  description: string;
  /** `published` or `notPublished`. */
  state: string;
}

export interface Subscription {
  displayName: string;
  /** `/products/{name}`. */
  scope: string;
  state: string;
}

export interface Backend {
  title: string;
  url: string;
}

/** hai owns what it writes; an entity tag of its own would only guard against itself. */
const ANY_VERSION = '*';

/** A product policy document is always called this. */
const POLICY = 'policy';

/**
 * After three failures within a minute a model is left alone for half a minute. The values are those of the platform's own Foundry backend.
 */
const CIRCUIT_BREAKER = {
  rules: [
    {
      name: 'model-breaker',
      failureCondition: {
        count: 3,
        interval: 'PT1M',
        statusCodeRanges: [
          { min: 429, max: 429 },
          { min: 500, max: 599 },
        ],
      },
      tripDuration: 'PT30S',
      acceptRetryAfter: true,
    },
  ],
};

export function apiManagement(connection: AzureConnection, resourceGroup: string, service: string) {
  const client = lazy(() => {
    const sdk = require('@azure/arm-apimanagement') as typeof import('@azure/arm-apimanagement');
    return new sdk.ApiManagementClient(connection.credential, connection.azureSubscriptionId, armOptions(connection));
  });
  const at = [resourceGroup, service] as const;

  return {
    /** Provisioning state of the service; undefined when there is none. */
    async readServiceState(): Promise<string | undefined> {
      const found = await readOrAbsent(`read API Management "${service}"`, () =>
        client().apiManagementService.get(...at),
      );
      return found?.provisioningState;
    },

    async readProduct(name: string): Promise<Product | undefined> {
      const found = await readOrAbsent(`read product "${name}"`, () => client().product.get(...at, name));
      return (
        found && {
          displayName: found.displayName ?? name,
          description: found.description ?? '',
          state: found.state ?? 'notPublished',
        }
      );
    },

    /** Approval is required so that nobody else can subscribe by himself. */
    async writeProduct(name: string, product: Product): Promise<void> {
      const body = {
        ...product,
        state: product.state as 'published',
        subscriptionRequired: true,
        approvalRequired: true,
      };
      await azureCall(`write product "${name}"`, () => client().product.createOrUpdate(...at, name, body));
    },

    async deleteProduct(name: string): Promise<void> {
      await deleteIfPresent(`delete product "${name}"`, () =>
        client().product.delete(...at, name, ANY_VERSION, { deleteSubscriptions: true }),
      );
    },

    async readProductPolicy(product: string): Promise<string | undefined> {
      const found = await readOrAbsent(`read the policy of "${product}"`, () =>
        client().productPolicy.get(...at, product, POLICY, { format: 'rawxml' }),
      );
      return found?.value;
    },

    async writeProductPolicy(product: string, xml: string): Promise<void> {
      await azureCall(`write the policy of "${product}"`, () =>
        client().productPolicy.createOrUpdate(...at, product, POLICY, { format: 'rawxml', value: xml }),
      );
    },

    async deleteProductPolicy(product: string): Promise<void> {
      await deleteIfPresent(`delete the policy of "${product}"`, () =>
        client().productPolicy.delete(...at, product, POLICY, ANY_VERSION),
      );
    },

    async hasProductApi(product: string, api: string): Promise<boolean> {
      const found = await readOrAbsent(`look for "${api}" in "${product}"`, async () => {
        await client().productApi.checkEntityExists(...at, product, api);
        return true;
      });
      return found ?? false;
    },

    async addProductApi(product: string, api: string): Promise<void> {
      await azureCall(`add "${api}" to "${product}"`, () => client().productApi.createOrUpdate(...at, product, api));
    },

    async removeProductApi(product: string, api: string): Promise<void> {
      await deleteIfPresent(`remove "${api}" from "${product}"`, () => client().productApi.delete(...at, product, api));
    },

    async readSubscription(name: string): Promise<Subscription | undefined> {
      const found = await readOrAbsent(`read subscription "${name}"`, () => client().subscription.get(...at, name));
      return (
        found && {
          displayName: found.displayName ?? name,
          scope: scopeOf(found.scope ?? ''),
          state: found.state ?? 'submitted',
        }
      );
    },

    /** `state` is always given: on a product with approval an omitted one means "submitted". Keys are left to the service. */
    async writeSubscription(name: string, subscription: Subscription): Promise<void> {
      const body = { ...subscription, state: subscription.state as 'active', allowTracing: false };
      await azureCall(`write subscription "${name}"`, () => client().subscription.createOrUpdate(...at, name, body));
    },

    async deleteSubscription(name: string): Promise<void> {
      await deleteIfPresent(`delete subscription "${name}"`, () =>
        client().subscription.delete(...at, name, ANY_VERSION),
      );
    },

    /** The primary key. A secret: it must not leave the activity that asks. */
    async readPrimaryKey(name: string): Promise<string> {
      const { primaryKey } = await azureCall(`read the key of "${name}"`, () =>
        client().subscription.listSecrets(...at, name),
      );
      if (!primaryKey) throw new Error(`Subscription "${name}" has no primary key`);
      return primaryKey;
    },

    async readBackend(name: string): Promise<Backend | undefined> {
      const found = await readOrAbsent(`read backend "${name}"`, () => client().backend.get(...at, name));
      return found && { title: found.title ?? name, url: found.url ?? '' };
    },

    async writeBackend(name: string, backend: Backend): Promise<void> {
      const body = { ...backend, protocol: 'http', circuitBreaker: CIRCUIT_BREAKER };
      await azureCall(`write backend "${name}"`, () => client().backend.createOrUpdate(...at, name, body));
    },

    async deleteBackend(name: string): Promise<void> {
      await deleteIfPresent(`delete backend "${name}"`, () => client().backend.delete(...at, name, ANY_VERSION));
    },
  };
}

/** The service answers with the full resource id where `/products/{name}` was written. */
const scopeOf = (scope: string): string => scope.slice(scope.indexOf('/products/'));
