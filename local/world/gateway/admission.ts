/**
 * The gateway's built-in steps before any policy: which API and operation is called, and whether the key may call it.
 */
import type { GatewayApi, GatewayProduct, GatewaySubscription, GatewayWorld } from './contract.js';
import { PolicyFailure } from './execution.js';

export interface Route {
  api: GatewayApi;
  operation: GatewayApi['operations'][number];
  /** Path below the API's path, with a leading slash. */
  operationPath: string;
}

export interface Admission {
  subscription: GatewaySubscription;
  product?: GatewayProduct;
}

/** The API with the longest path that the call's path begins with. Case makes no difference, as on the real gateway. */
export function matchApi(apis: GatewayApi[], path: string): GatewayApi | undefined {
  const called = path.toLowerCase();
  const matching = apis.filter((api) => api.path === '' || `${called}/`.startsWith(`/${api.path.toLowerCase()}/`));
  return matching.sort((a, b) => b.path.length - a.path.length)[0];
}

/** Throws the 404 of a call that fits no operation. */
export function matchOperation(api: GatewayApi | undefined, method: string, path: string): Route {
  const operationPath = api && (path.slice(api.path === '' ? 0 : api.path.length + 1) || '/');
  const operation = api?.operations.find(
    (each) => each.method.toUpperCase() === method && matchesTemplate(each.urlTemplate, operationPath!),
  );
  if (api && operation && operationPath) return { api, operation, operationPath };
  throw builtInFailure('configuration', 'OperationNotFound', 'Unable to match incoming request to an operation.', {
    status: 404,
    message: 'Resource not found',
  });
}

/** `/items/{id}` matches one segment at `{id}`; `/*` and `{*rest}` match the rest. */
function matchesTemplate(template: string, path: string): boolean {
  const expected = segments(template.split('?')[0]!);
  const given = segments(path);
  for (const [position, segment] of expected.entries()) {
    if (segment === '*' || segment.startsWith('{*')) return true;
    const isParameter = segment.startsWith('{') && segment.endsWith('}');
    if (given[position] === undefined || (!isParameter && segment !== given[position])) return false;
  }
  return given.length === expected.length;
}

const segments = (path: string) =>
  path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');

/** The query parameter counts only when the header is absent. Throws the 401s of a missing and of an invalid key. */
export function admit(
  world: GatewayWorld,
  api: GatewayApi,
  headers: Record<string, string>,
  query: URLSearchParams,
): Admission {
  const key = headers[api.subscriptionKeyHeader.toLowerCase()] ?? query.get(api.subscriptionKeyQuery);
  if (!key) {
    throw unauthorized(
      api,
      headers,
      'SubscriptionKeyNotFound',
      'Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API.',
    );
  }
  const subscription = world.subscriptionByKey(key);
  const product = subscription?.productId === undefined ? undefined : world.product(subscription.productId);
  if (subscription && mayCall(subscription, product, api)) return { subscription, product };
  throw unauthorized(
    api,
    headers,
    'SubscriptionKeyInvalid',
    'Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.',
  );
}

function mayCall(subscription: GatewaySubscription, product: GatewayProduct | undefined, api: GatewayApi): boolean {
  if (subscription.state !== 'active') return false;
  if (subscription.apiId !== undefined) return subscription.apiId === api.id;
  if (subscription.productId === undefined) return true;
  return product?.state === 'published' && product.apiIds.includes(api.id);
}

function unauthorized(
  api: GatewayApi,
  headers: Record<string, string>,
  reason: string,
  message: string,
): PolicyFailure {
  const realm = `https://${headers['host'] ?? 'localhost'}/${api.path}`;
  const challenge = `AzureApiManagementKey realm="${realm}",name="${api.subscriptionKeyHeader}",type="header"`;
  return builtInFailure('authorization', reason, message, {
    status: 401,
    message,
    headers: { 'www-authenticate': challenge },
  });
}

function builtInFailure(
  source: string,
  reason: string,
  message: string,
  answer: PolicyFailure['answer'],
): PolicyFailure {
  const failure = new PolicyFailure(reason, message, answer);
  failure.source = source;
  return failure;
}
