import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ErrorResponse } from '@azure/cosmos';
import type { TokenCredential } from '@azure/identity';
import { aiGateway } from '../../shared/azure/ai-gateway.js';
import { apiManagement } from '../../shared/azure/api-management.js';
import { authorization } from '../../shared/azure/authorization.js';
import { toServiceError } from '../../shared/azure/azure-error.js';
import type { AzureConnection } from '../../shared/azure/connection.js';
import { foundry } from '../../shared/azure/foundry.js';
import { keyVault } from '../../shared/azure/key-vault.js';
import { modelEndpoint } from '../../shared/azure/model-endpoint.js';
import { privateDns } from '../../shared/azure/private-dns.js';
import type { ServiceError } from '../../shared/model/service-error.js';
import {
  APIM,
  createProduct,
  createSubscription,
  GROUP,
  MEMBER,
  SERVICE_ID,
  SUBSCRIPTION,
  startTestAzure,
  TEAMS,
  type TestAzure,
} from '../local/azure-fixture.js';
import { between, type Change, type Given } from './between.js';

const PROVIDERS = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers`;
const PRODUCT = `${SERVICE_ID}/products/product-alpha`;
const LINK = `${PRODUCT}/apis/openai-api`;
const SUB = `${SERVICE_ID}/subscriptions/sub-alpha`;
const BACKEND = `${SERVICE_ID}/backends/kaito-mistral-7b`;
const RECORD = `${PROVIDERS}/Microsoft.Network/privateDnsZones/kaito.internal/A/mistral-7b`;
const ACCOUNT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${TEAMS}/providers/Microsoft.CognitiveServices/accounts/foundry-alpha`;
const PROJECT = `${ACCOUNT}/projects/default`;
const CONNECTION = `${PROJECT}/connections/apim-alpha`;
const LOCATION = 'swedencentral';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const GRANT = `${PRODUCT}/providers/Microsoft.Authorization/roleAssignments/0c000000-0000-4000-8000-00000000000a`;

/** Everything that the adapters reach in one world, with a deadline that no test waits for. */
async function open(change: Partial<AzureConnection> = {}) {
  const azure = await startTestAzure();
  return { azure, ...adapters(azure, change) };
}

function adapters(azure: TestAzure, change: Partial<AzureConnection> = {}) {
  const connection: AzureConnection = {
    credential: azure.credential,
    azureSubscriptionId: SUBSCRIPTION,
    armEndpoint: azure.world.armUrl,
    callDeadlineSeconds: 10,
    ...change,
  };
  return {
    apim: apiManagement(connection),
    dns: privateDns(connection),
    roles: authorization(connection),
    teams: foundry(connection),
    vault: keyVault(connection, { verifyChallengeResource: false }),
    secret: `${azure.world.vaultUrl}/secrets/apim-key-alpha`,
  };
}

/** What an adapter's call failed with. */
async function failure(call: Promise<unknown>): Promise<ServiceError> {
  const error = await call.then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  );
  if (error?.name !== 'ServiceError') throw new Error(`The call was expected to fail as a service does: ${error}`);
  return error;
}

const product = { displayName: 'AI Access', description: 'Models.', state: 'published' };
const asPlanned = { ...product, subscriptionRequired: true, approvalRequired: true, rest: {} };
const record = { addresses: ['10.10.7.200'], ttlSeconds: 300, metadata: { owner: 'model mistral-7b' } };

describe('a record of private DNS', () => {
  it('is created only where there is none, and replaced and removed only in the version that was read', async () => {
    const { dns } = await open();
    await dns.writeRecord(RECORD, record);
    expect(await failure(dns.writeRecord(RECORD, record))).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    const found = (await dns.readRecord(RECORD))!;
    expect(found).toMatchObject(record);
    await dns.writeRecord(RECORD, { ...record, addresses: ['10.10.7.201'] }, found);
    expect(await failure(dns.writeRecord(RECORD, record, found))).toMatchObject({ status: 412 });
    expect(await failure(dns.deleteRecord(RECORD, found))).toMatchObject({ status: 412 });
    const changed = (await dns.readRecord(RECORD))!;
    expect(changed.addresses).toEqual(['10.10.7.201']);
    expect(await dns.deleteRecord(RECORD, changed)).toBe('removed');
    expect(await dns.deleteRecord(RECORD, changed)).toBe('begun');
    expect(await dns.readRecord(RECORD)).toBeUndefined();
  });
});

describe('a product', () => {
  it('keeps what others have set of it, and is changed only in the version that was read', async () => {
    const { apim, azure } = await open();
    const terms = { ...product, state: 'published' as const, terms: 'Be kind.', subscriptionsLimit: 3 };
    await azure.apim.product.createOrUpdate(GROUP, APIM, 'product-alpha', terms);
    const found = (await apim.readProduct(PRODUCT))!;
    expect(found.rest).toEqual({ terms: 'Be kind.', subscriptionsLimit: 3 });
    const renamed = { ...asPlanned, displayName: 'AI Access - Team Alpha', rest: found.rest };
    await apim.writeProduct(PRODUCT, renamed, found);
    expect(await azure.apim.product.get(GROUP, APIM, 'product-alpha')).toMatchObject({
      displayName: 'AI Access - Team Alpha',
      approvalRequired: true,
      terms: 'Be kind.',
      subscriptionsLimit: 3,
    });
    expect(await failure(apim.writeProduct(PRODUCT, asPlanned, found))).toMatchObject({ status: 412 });
    expect(await failure(apim.deleteProduct(PRODUCT, found))).toMatchObject({ status: 412 });
  });

  it('is not removed with subscriptions, and is said to be removed only by the answer that removed it', async () => {
    const { apim, azure } = await open();
    await createProduct(azure);
    await createSubscription(azure);
    const found = (await apim.readProduct(PRODUCT))!;
    expect(await failure(apim.deleteProduct(PRODUCT, found))).toMatchObject({ status: 400, code: 'ValidationError' });
    const subscription = (await apim.readSubscription(SUB))!;
    expect(await apim.deleteSubscription(SUB, subscription)).toBe('removed');
    expect(await apim.deleteProduct(PRODUCT, found)).toBe('removed');
    expect(await apim.deleteProduct(PRODUCT, found)).toBe('begun');
    expect(await apim.readProduct(PRODUCT)).toBeUndefined();
  });

  it('has the APIs that were added, and a policy in versions', async () => {
    const { apim, azure } = await open();
    await createProduct(azure);
    expect(await apim.hasProductApi(LINK)).toBe(false);
    await apim.addProductApi(LINK);
    await apim.addProductApi(LINK);
    expect(await apim.hasProductApi(LINK)).toBe(true);
    expect(await apim.removeProductApi(LINK)).toBe('removed');
    expect(await apim.removeProductApi(LINK)).toBe('begun');

    const xml = '<policies><inbound><base /></inbound></policies>';
    expect(await apim.readProductPolicy(PRODUCT)).toBeUndefined();
    await apim.writeProductPolicy(PRODUCT, xml);
    const policy = (await apim.readProductPolicy(PRODUCT))!;
    expect(policy.xml).toBe(xml);
    await apim.writeProductPolicy(PRODUCT, xml, policy);
    expect(await failure(apim.deleteProductPolicy(PRODUCT, policy))).toMatchObject({ status: 412 });
    expect(await apim.deleteProductPolicy(PRODUCT, (await apim.readProductPolicy(PRODUCT))!)).toBe('removed');
  });
});

describe('a subscription', () => {
  it('is opened in the version that was read, and keeps its keys and owner; writing it again makes a new version', async () => {
    const { apim, azure } = await open();
    await createProduct(azure);
    const wanted = { displayName: 'team-alpha by hai', scope: PRODUCT, state: 'suspended' };
    const created = await apim.writeSubscription(SUB, wanted);
    expect(created).toMatchObject({ ...wanted, etag: expect.stringMatching(/./) });
    const key = await apim.readPrimaryKey(SUB);
    const opened = await apim.writeSubscription(SUB, { ...wanted, state: 'active' }, created);
    expect(opened.state).toBe('active');
    expect(await failure(apim.writeSubscription(SUB, wanted, created))).toMatchObject({ status: 412 });
    const again = await apim.writeSubscription(SUB, { ...wanted, state: 'active' }, opened);
    expect(again.etag).not.toBe(opened.etag);
    expect(await apim.readSubscription(SUB)).toEqual(again);
    expect(await apim.readPrimaryKey(SUB)).toBe(key);
  });
});

describe('a backend', () => {
  it('gets a breaker that busy models do not trip, and keeps what others have set', async () => {
    const { apim, azure } = await open();
    const wanted = { title: 'mistral-7b', description: 'A shared model.', url: 'http://mistral-7b.kaito.internal/v1' };
    await apim.writeBackend(BACKEND, { ...wanted, rest: {} });
    const [rule] = (await azure.apim.backend.get(GROUP, APIM, 'kaito-mistral-7b')).circuitBreaker!.rules!;
    expect(rule?.failureCondition?.statusCodeRanges).toEqual([{ min: 500, max: 599 }]);

    const own = { credentials: { header: { 'x-env': ['test'] } }, tls: { validateCertificateChain: false } };
    const breaker = { circuitBreaker: { rules: [{ ...rule, name: 'theirs' }] } };
    const theirs = { ...wanted, protocol: 'http', ...own, ...breaker };
    await azure.apim.backend.createOrUpdate(GROUP, APIM, 'kaito-mistral-7b', theirs as never);
    const found = (await apim.readBackend(BACKEND))!;
    await apim.writeBackend(BACKEND, { ...wanted, title: 'changed', rest: found.rest }, found);
    const now = await azure.apim.backend.get(GROUP, APIM, 'kaito-mistral-7b');
    expect(now).toMatchObject({ title: 'changed', ...own, circuitBreaker: { rules: [{ name: 'theirs' }] } });
    expect(await failure(apim.deleteBackend(BACKEND, found))).toMatchObject({ status: 412 });
    expect(await apim.deleteBackend(BACKEND, (await apim.readBackend(BACKEND))!)).toBe('removed');
  });
});

describe('a role', () => {
  it('is given once, found by what it says, and taken away once', async () => {
    const { azure, roles } = await open();
    await createProduct(azure);
    const grant = { id: GRANT, roleId: READER, principalId: MEMBER, principalType: 'User' as const };
    expect(await roles.readGrant(GRANT)).toBeUndefined();
    expect(await roles.writeGrant(grant)).toBe('written');
    expect(await roles.writeGrant(grant)).toBe('written');
    expect(await roles.readGrant(GRANT)).toEqual({ roleId: READER, principalId: MEMBER });
    const elsewhere = GRANT.replace(/a$/, 'b');
    expect(await roles.writeGrant({ ...grant, id: elsewhere })).toBe('exists');
    expect(await roles.deleteGrant(GRANT)).toBe('removed');
    expect(await roles.deleteGrant(GRANT)).toBe('begun');
  });
});

describe('a Foundry account', () => {
  const account = { location: LOCATION, subdomain: 'foundry-alpha-x', tags: { team: 'team-alpha' } };
  const project = {
    location: LOCATION,
    displayName: 'Alpha',
    description: 'Of team-alpha.',
    tags: { team: 'team-alpha' },
  };

  it('begins, is there, is soft-deleted under its name, and is gone, each told by a read', async () => {
    const { azure, teams } = await open();
    expect(await teams.readAccount(ACCOUNT, LOCATION)).toBeUndefined();
    await teams.createAccount(ACCOUNT, account);
    expect(await teams.readAccount(ACCOUNT, LOCATION)).toMatchObject({ state: 'Accepted', location: LOCATION });
    await azure.clock.advance(60_000);
    await teams.updateAccountTags(ACCOUNT, { team: 'team-alpha', 'cost-center': 'CC-1' });
    await azure.clock.advance(60_000);
    const made = { state: 'Succeeded', tags: { 'cost-center': 'CC-1' }, endpoint: expect.stringMatching(/^https:/) };
    expect(await teams.readAccount(ACCOUNT, LOCATION)).toMatchObject(made);
    expect(await teams.deleteAccount(ACCOUNT)).toBe('begun');
    await azure.clock.advance(120_000);
    const deleted = await teams.readAccount(ACCOUNT, LOCATION);
    expect(deleted).toMatchObject({ state: 'SoftDeleted', tags: { team: 'team-alpha' } });
    expect(await teams.deleteAccount(ACCOUNT)).toBe('begun');
    expect(await failure(teams.createAccount(ACCOUNT, account))).toMatchObject({ code: 'FlagMustBeSetForRestore' });
    expect(await teams.purgeAccount(ACCOUNT, LOCATION)).toBe('begun');
    await azure.clock.advance(120_000);
    expect(await teams.readAccount(ACCOUNT, LOCATION)).toBeUndefined();
    expect(await teams.purgeAccount(ACCOUNT, LOCATION)).toBe('begun');
  });

  it('has begun once its provider says so: what a poller would ask next changes nothing', async () => {
    const { azure, teams } = await open();
    azure.world.faults.add({
      match: { method: 'GET', path: '/accounts/' },
      answer: { status: 404, code: 'ResourceNotFound' },
    });
    azure.world.faults.add({ match: { method: 'GET', path: '/operation' }, answer: { status: 500, code: 'Broken' } });
    await teams.createAccount(ACCOUNT, account);
    expect(azure.world.faults.list().map(({ hits }) => hits)).toEqual([0, 0]);
    azure.world.faults.clear();
    await azure.clock.advance(60_000);
    expect(await teams.readAccount(ACCOUNT, LOCATION)).toMatchObject({ state: 'Succeeded' });
  });

  it('holds projects and connections, whose key nobody can read back', async () => {
    const { azure, teams } = await open();
    await teams.createAccount(ACCOUNT, account);
    await azure.clock.advance(60_000);
    await teams.writeProject(PROJECT, project);
    await azure.clock.advance(60_000);
    const found = { state: 'Succeeded', isDefault: true, principalId: expect.stringMatching(/./), tags: project.tags };
    expect(await teams.readProject(PROJECT)).toEqual(found);
    const connection = { target: 'https://gateway.example/openai/v1', metadata: { deploymentInPath: 'false' } };
    await teams.writeConnection(CONNECTION, connection, 'the-key');
    expect(await teams.readConnection(CONNECTION)).toEqual(connection);
    expect(await teams.deleteConnection(CONNECTION)).toBe('removed');
    expect(await teams.deleteConnection(CONNECTION)).toBe('begun');
    expect(await teams.readConnection(CONNECTION)).toBeUndefined();
    expect(await teams.deleteProject(PROJECT)).toBe('begun');
    await azure.clock.advance(60_000);
    expect(await teams.readProject(PROJECT)).toBeUndefined();
    expect(await teams.deleteProject(PROJECT)).toBe('begun');
    expect(await teams.countAccounts(LOCATION)).toBe(2);
  });
});

describe('a secret', () => {
  const properties = { tags: { team: 'team-alpha' }, contentType: 'text/plain', expiresOn: '2030-01-01T00:00:00.000Z' };

  it('shows its properties without its value, and comes back from deletion with them', async () => {
    const { azure, secret, vault } = await open();
    expect(await vault.readSecretState(secret)).toBeUndefined();
    await vault.writeSecret(secret, 'the-key', properties);
    expect(await vault.readSecretState(secret)).toEqual({ ...properties, isDeleted: false });
    expect(await vault.readSecretValue(secret)).toBe('the-key');
    expect(await vault.deleteSecret(secret)).toBe('begun');
    await azure.clock.advance(30_000);
    expect(await vault.readSecretState(secret)).toEqual({ ...properties, isDeleted: true });
    expect(await vault.readSecretValue(secret)).toBeUndefined();
    expect(await failure(vault.writeSecret(secret, 'other', properties))).toMatchObject({
      status: 409,
      code: 'ObjectIsDeletedButRecoverable',
    });
    await vault.recoverSecret(secret);
    expect(await vault.readSecretState(secret)).toEqual({ ...properties, isDeleted: false });
  });

  it('is purged once, and a right to purge that is missing is no protection', async () => {
    const { azure, secret, vault } = await open();
    await vault.writeSecret(secret, 'the-key', properties);
    await vault.deleteSecret(secret);
    expect(await vault.deleteSecret(secret)).toBe('begun');
    await azure.clock.advance(30_000);
    const refusal = { status: 403, code: 'Forbidden' };
    azure.world.faults.add({ match: { service: 'vault', method: 'DELETE' }, times: 1, answer: refusal });
    expect(await failure(vault.purgeSecret(secret))).toMatchObject(refusal);
    expect(await vault.purgeSecret(secret)).toBe('removed');
    expect(await vault.purgeSecret(secret)).toBe('begun');
    expect(await vault.readSecretState(secret)).toBeUndefined();
  });

  it('stays recoverable in a vault that keeps what was deleted', async () => {
    const { azure, secret, vault } = await open();
    await vault.writeSecret(secret, 'the-key', properties);
    await vault.deleteSecret(secret);
    await azure.clock.advance(30_000);
    azure.world.faults.add({
      match: { service: 'vault', method: 'DELETE' },
      answer: { status: 403, code: 'Forbidden' },
    });
    const kept = await between(azure.world.vaultUrl, (_method, answer) => ({
      ...answer,
      text: answer.text.replace('Recoverable+Purgeable', 'Recoverable'),
    }));
    expect(await vault.purgeSecret(secret.replace(azure.world.vaultUrl, kept))).toBe('protected');
  });
});

describe('absence', () => {
  it('is told by the owner of the name: a group, a service or an account that is missing above says nothing', async () => {
    const { apim, dns, teams } = await open();
    const elsewhere = (id: string) => id.replace(GROUP, 'rg-other');
    const [groupless, serviceless] = [elsewhere(PRODUCT), PRODUCT.replace(APIM, 'apim-other')];
    expect(await failure(apim.readProduct(groupless))).toMatchObject({ status: 404, code: 'ResourceGroupNotFound' });
    expect(await failure(apim.readProduct(serviceless))).toMatchObject({ status: 404, code: 'ParentResourceNotFound' });
    expect(await failure(teams.deleteProject(PROJECT))).toMatchObject({ status: 404, code: 'ParentResourceNotFound' });
    expect(await failure(dns.readRecord(elsewhere(RECORD)))).toMatchObject({ code: 'ResourceGroupNotFound' });
    expect(await apim.readServiceState(SERVICE_ID)).toBe('Succeeded');
    expect(await apim.readServiceState(`${SERVICE_ID}-other`)).toBeUndefined();
  });

  it('is not what Resource Manager says of the service, nor what something on the way says', async () => {
    const { apim, azure } = await open();
    const text = `The Resource 'Microsoft.ApiManagement/service/${APIM}' under resource group '${GROUP}' was not found.`;
    const answer = { status: 404, code: 'ResourceNotFound', message: text };
    azure.world.faults.add({ match: { path: '/products/' }, times: 1, answer });
    expect(await failure(apim.readProduct(PRODUCT))).toMatchObject({ status: 404, code: 'ResourceNotFound' });
    expect(await apim.readProduct(PRODUCT)).toBeUndefined();
    const page = { status: 404, text: '<html>Not here</html>', headers: { 'content-type': 'text/html' } };
    const proxied = await behind(azure, () => page);
    expect(await failure(proxied.apim.readProduct(PRODUCT))).toMatchObject({ status: 404, code: 'Http404' });
  });

  it('is never meant by an id of something else', async () => {
    const { apim } = await open();
    await expect(apim.readProduct(SUB)).rejects.toThrow('is no id of service/products');
    await expect(apim.readProduct(SERVICE_ID)).rejects.toThrow('is no id of service/products');
  });
});

/** The adapters behind something that changes what Resource Manager answers. */
async function behind(azure: TestAzure, change: Change, callDeadlineSeconds = 10) {
  const armEndpoint = await between(azure.world.armUrl, change);
  const credential: TokenCredential = {
    getToken: () => azure.credential.getToken('https://management.azure.com/.default'),
  };
  return adapters(azure, { armEndpoint, credential, callDeadlineSeconds });
}

describe('an answer', () => {
  it('of 201 to a connection is success', async () => {
    const { azure } = await open();
    const { teams } = await behind(azure, (method, answer) => ({
      ...answer,
      status: method === 'PUT' ? 201 : answer.status,
    }));
    await teams.createAccount(ACCOUNT, { location: LOCATION, subdomain: 'foundry-alpha-x', tags: {} });
    await azure.clock.advance(60_000);
    await teams.writeProject(PROJECT, { location: LOCATION, displayName: 'Alpha', description: '', tags: {} });
    await azure.clock.advance(60_000);
    await teams.writeConnection(
      CONNECTION,
      { target: 'https://gateway.example', metadata: { deploymentInPath: 'false' } },
      'k',
    );
    expect(await teams.readConnection(CONNECTION)).toMatchObject({ target: 'https://gateway.example' });
  });

  it.each([
    [
      'a page of something on the way',
      { status: 200, headers: { 'content-type': 'text/html' }, text: '<html>Sign in</html>' },
    ],
    ['cut short', { status: 200, headers: { 'content-type': 'application/json' }, text: '{"id":"/subscr' }],
    ['of nothing', { status: 200, headers: { 'content-type': 'application/json' }, text: '' }],
    ['of something else', { status: 200, headers: { 'content-type': 'application/json' }, text: '{"status":"ok"}' }],
    ['that leads elsewhere', { status: 302, headers: { location: '/login' }, text: '' }],
  ])('%s is none', async (_what, given) => {
    const { azure } = await open();
    await createProduct(azure);
    let asked = 0;
    const { apim, dns } = await behind(azure, () => {
      asked++;
      return given;
    });
    const none = { service: 'arm', status: undefined, code: 'UnreadableAnswer' };
    expect(await failure(apim.readProduct(PRODUCT))).toMatchObject(none);
    expect(await failure(dns.readRecord(RECORD))).toMatchObject(none);
    expect(asked).toBe(2);
  });

  it('to a write that cannot be read leaves open whether it was done, and does not tell the key that it held', async () => {
    const { azure } = await open();
    await createProduct(azure);
    await createSubscription(azure, { primaryKey: 'the-key-of-alpha' });
    const half = (text: string) => text.slice(0, Math.max(1, text.length - 5));
    const { apim } = await behind(azure, (_method, answer) => ({ ...answer, text: half(answer.text) }));
    const error = await failure(apim.readPrimaryKey(SUB));
    expect(error).toMatchObject({ status: undefined, code: 'UnreadableAnswer' });
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('the-key');
    expect(await failure(apim.writeProduct(PRODUCT, asPlanned))).toMatchObject({ code: 'UnreadableAnswer' });
  });

  it.each([
    ['in seconds', () => ({ 'retry-after': '307' }), 307, 307],
    ['as a date', () => ({ 'retry-after': new Date(Date.now() + 120_000).toUTCString() }), 110, 121],
    ['in milliseconds', () => ({ 'x-ms-retry-after-ms': '1500', 'retry-after': '9' }), 2, 2],
  ])('of throttling says %s when to come again', async (_how, headersNow, from, to) => {
    const { azure } = await open();
    const text = '{"error":{"code":"SubscriptionRequestsThrottled","message":"Too many."}}';
    const json = { 'content-type': 'application/json', 'x-ms-request-id': 'r-1', ...headersNow() };
    const { apim } = await behind(azure, () => ({ status: 429, headers: json, text }));
    const error = await failure(apim.readProduct(PRODUCT));
    expect(error).toMatchObject({
      status: 429,
      code: 'SubscriptionRequestsThrottled',
      detail: 'Too many.',
      requestId: 'r-1',
    });
    expect(error.retryAfterSeconds).toBeGreaterThanOrEqual(from);
    expect(error.retryAfterSeconds).toBeLessThanOrEqual(to);
  });

  it('that refuses is kept in its own words, its details included, and never with a key that it repeats', async () => {
    const { azure } = await open();
    const details = [{ code: 'ValidationError', target: 'key', message: 'the-key-of-alpha is too short' }];
    const text = JSON.stringify({
      error: { code: 'ValidationError', message: 'One or more fields are wrong:', details },
    });
    const json = { 'content-type': 'application/json' };
    const { teams } = await behind(azure, () => ({ status: 400, headers: json, text }));
    const connection = { target: 'https://gateway.example', metadata: {} };
    const error = await failure(teams.writeConnection(CONNECTION, connection, 'the-key-of-alpha'));
    expect(error.detail).toBe('One or more fields are wrong: *** is too short');
    expect(error.message).not.toContain('the-key');
  });

  it('of a lost connection is none', async () => {
    const { apim, azure } = await open();
    azure.world.faults.add({ kind: 'drop-before-effect', match: { path: '/products/' } });
    expect(await failure(apim.readProduct(PRODUCT))).toMatchObject({ status: undefined, code: 'ECONNRESET' });
    expect(await failure(apim.writeProduct(PRODUCT, asPlanned))).toMatchObject({
      status: undefined,
      code: 'ECONNRESET',
    });
  });
});

describe('a deadline', () => {
  it('ends every call, at every service, without an answer', async () => {
    const { apim, azure, dns, secret, vault } = await open({ callDeadlineSeconds: 0.3 });
    await apim.readServiceState(SERVICE_ID);
    azure.world.faults.add({ kind: 'slow', seconds: 600, match: { method: 'PUT' } });
    azure.world.faults.add({ kind: 'slow', seconds: 600, match: { service: 'vault' } });
    const startMs = performance.now();
    const calls = [
      apim.writeProduct(PRODUCT, asPlanned),
      dns.writeRecord(RECORD, record),
      vault.readSecretState(secret),
    ];
    for (const error of await Promise.all(calls.map(failure)))
      expect(error).toMatchObject({ status: undefined, code: 'NoAnswer', detail: 'no answer within 0.3 s' });
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('is one for all that an adapter asks at once', async () => {
    const { azure } = await open();
    const slowly: Change = (_method, answer) => new Promise((resolve) => setTimeout(() => resolve(answer), 400));
    const { apim, teams } = await behind(azure, slowly, 0.7);
    expect(await apim.readProduct(PRODUCT)).toBeUndefined();
    expect(await failure(teams.readAccount(ACCOUNT, LOCATION))).toMatchObject({ code: 'NoAnswer' });
  });

  it('counts the token, too', async () => {
    const credential: TokenCredential = { getToken: () => new Promise(() => {}) };
    const { apim, secret, teams, vault } = await open({ credential, callDeadlineSeconds: 0.3 });
    for (const call of [apim.readProduct(PRODUCT), vault.readSecretState(secret), teams.readAccount(ACCOUNT, LOCATION)])
      expect(await failure(call)).toMatchObject({ status: undefined, code: 'NoAnswer' });
  });
});

describe('a token endpoint that gives none', () => {
  it('is no refusal of the service', async () => {
    const { apim, azure } = await open();
    azure.world.faults.add({ match: { service: 'identity' }, answer: { status: 400, code: 'invalid_request' } });
    const error = await failure(apim.readProduct(PRODUCT));
    expect(error).toMatchObject({ service: 'arm', status: undefined, code: 'TokenUnavailable' });
    expect(error.detail).toContain('invalid_request');
  });
});

/** A plain server that answers as told; its address. */
async function answering(given: Given, seen: { headers?: unknown; body?: string } = {}): Promise<string> {
  const server = createServer((request, response) => {
    seen.headers = request.headers;
    seen.body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (seen.body += chunk));
    request.on('end', () => {
      // Status 0: says nothing.
      if (given.status > 0) response.writeHead(given.status, given.headers).end(given.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Nothing listens on the port of tcpmux. */
const NOBODY = 'http://127.0.0.1:2';

const json = (body: unknown, status = 200, headers = {}): Given => ({ status, headers, text: JSON.stringify(body) });

describe('the gateway', () => {
  it('is asked with the key as a header, and its answers are told as they are', async () => {
    const seen: { headers?: Record<string, string>; body?: string } = {};
    const url = await answering(json({ data: [{ id: 'gpt-4.1' }] }), seen);
    expect(await aiGateway(5).listModels(`${url}/openai/v1`, 'the-key')).toMatchObject({
      status: 200,
      models: ['gpt-4.1'],
    });
    expect(seen.headers).toMatchObject({ 'api-key': 'the-key' });
    await aiGateway(5).complete(url, 'the-key', 'gpt-4.1');
    expect(JSON.parse(seen.body ?? '')).toMatchObject({ model: 'gpt-4.1' });
  });

  it('may refuse with a code, with words that repeat the key, or with nothing', async () => {
    const error = { code: 'rate_limit', message: 'Too many calls with the-key.' };
    const url = await answering(json({ error }, 429, { 'retry-after': '7' }));
    const refused = { status: 429, code: 'rate_limit', message: 'Too many calls with ***.', retryAfterSeconds: 7 };
    expect(await aiGateway(5).listModels(url, 'the-key')).toMatchObject(refused);
    expect(await aiGateway(5).listModels(await answering({ status: 401, headers: {}, text: '' }), 'k')).toMatchObject({
      status: 401,
    });
  });

  it.each([
    ['a page', { status: 200, headers: {}, text: '<html>' }],
    [
      'a way elsewhere, where the key must not go',
      { status: 302, headers: { location: 'http://127.0.0.1:9/' }, text: '' },
    ],
    ['more than anybody reads', { status: 200, headers: {}, text: JSON.stringify({ data: 'x'.repeat(300_000) }) }],
  ])('has given no answer with %s', async (_what, given) => {
    const error = await failure(aiGateway(5).listModels(await answering(given), 'the-key'));
    expect(error).toMatchObject({ service: 'gateway', status: undefined, code: 'UnreadableAnswer' });
  });

  it('has given no answer when nobody listens, or nobody says anything in time', async () => {
    expect(await failure(aiGateway(5).listModels(NOBODY, 'k'))).toMatchObject({ code: 'ECONNREFUSED' });
    const silent = await answering({ status: 0, headers: {}, text: '' });
    expect(await failure(aiGateway(0.3).listModels(silent, 'k'))).toMatchObject({ code: 'NoAnswer' });
  });
});

describe("a model's server", () => {
  it('says what it serves, directly and through a proxy', async () => {
    const url = await answering(json({ data: [{ id: 'mistral-7b-instruct' }, {}] }));
    expect(await modelEndpoint(undefined, 5).readServedNames(`${url}/v1`)).toEqual(['mistral-7b-instruct']);
    expect(await modelEndpoint(url, 5).readServedNames('http://mistral-7b.kaito.internal/v1')).toEqual([
      'mistral-7b-instruct',
    ]);
  });

  it('is coming up as long as nothing answers, or only a failure', async () => {
    expect(await modelEndpoint(undefined, 5).readServedNames(`${NOBODY}/v1`)).toBeUndefined();
    expect(await modelEndpoint(undefined, 5).readServedNames(await answering(json({}, 503)))).toBeUndefined();
    const silent = await answering({ status: 0, headers: {}, text: '' });
    expect(await modelEndpoint(undefined, 0.3).readServedNames(silent)).toBeUndefined();
    const endless = await answering({ status: 200, headers: {}, text: 'x'.repeat(200_000) });
    expect(await modelEndpoint(undefined, 5).readServedNames(endless)).toBeUndefined();
  });

  it('is another server when it answers something else', async () => {
    const asked = async (given: Given) => failure(modelEndpoint(undefined, 5).readServedNames(await answering(given)));
    expect(await asked(json({}, 404))).toMatchObject({ service: 'model', status: 404, code: 'UnexpectedAnswer' });
    expect(await asked({ status: 200, headers: {}, text: '<html>' })).toMatchObject({ code: 'UnreadableAnswer' });
    expect(await asked({ status: 302, headers: {}, text: '' })).toMatchObject({ code: 'UnreadableAnswer' });
  });
});

describe('an error', () => {
  const cosmos = (change: Partial<ErrorResponse>) => Object.assign(new Error('Too many.'), { headers: {}, ...change });

  it.each([
    [
      'of Cosmos DB has its status, its code and its milliseconds',
      cosmos({ code: 429, body: { code: '429', message: 'Too many.' }, retryAfterInMs: 1200, activityId: 'a-1' }),
      { status: 429, code: '429', detail: 'Too many.', retryAfterSeconds: 2, requestId: 'a-1' },
    ],
    [
      'of a batch is the one within',
      new Error('Batch request error: Gone', {
        cause: cosmos({ code: 410, body: { code: 'Gone', message: 'Moved.' } }),
      }),
      { status: 410, code: 'Gone', detail: 'Moved.' },
    ],
    [
      'of Service Bus has its code',
      Object.assign(new Error('Busy.'), { name: 'ServiceBusError', code: 'ServiceBusy' }),
      { status: undefined, code: 'ServiceBusy', detail: 'Busy.' },
    ],
    [
      'of the network stands within that of fetch',
      new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }),
      { status: undefined, code: 'ENOTFOUND' },
    ],
    [
      'of every credential of a chain is one about the token',
      Object.assign(new Error('none of them'), { name: 'AggregateAuthenticationError' }),
      { status: undefined, code: 'TokenUnavailable' },
    ],
    [
      'of the directory keeps its status, and is still one about the token',
      Object.assign(new Error('invalid_client'), { name: 'AuthenticationError', statusCode: 401 }),
      { status: 401, code: 'TokenUnavailable' },
    ],
  ])('%s', (_what, thrown, expected) => {
    const error = toServiceError('cosmos', 'do it', thrown);
    expect(error).toMatchObject({ name: 'ServiceError', service: 'cosmos', action: 'do it', ...expected });
    expect(toServiceError('bus', 'do something else', error)).toBe(error);
  });

  it.each([
    new TypeError('x is undefined'),
    Object.assign(new TypeError('not a string'), { code: 'ERR_INVALID_ARG_TYPE' }),
    'text',
  ])('of ours stays what it is', (fault) => {
    expect(toServiceError('arm', 'do it', fault)).toBe(fault);
  });
});
