import { request as httpRequest } from 'node:http';
import { APIM, CENTRAL_ID, GROUP, refusal, startTestAzure, type TestAzure } from './azure-fixture.js';

const ZONE = 'kaito.internal';
const ADDRESS = '10.10.7.200';

function setRecord({ dns }: TestAzure, options: object = {}, ipv4Address = ADDRESS) {
  return dns.recordSets.createOrUpdate(
    GROUP,
    ZONE,
    'A',
    'mistral-7b',
    { ttl: 300, aRecords: [{ ipv4Address }] },
    options,
  );
}

async function kubernetes({ credential, world }: TestAzure, path: string, body: unknown) {
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${world.kubernetesUrl}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

async function deployModel(azure: TestAzure): Promise<void> {
  await kubernetes(azure, '/apis/kaito.sh/v1beta1/namespaces/kaito-models/workspaces', {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    metadata: { name: 'workspace-mistral-7b' },
    resource: { instanceType: 'Standard_NV36ads_A10_v5', labelSelector: { matchLabels: { apps: 'mistral-7b' } } },
    inference: { preset: { name: 'mistral-7b-instruct' } },
  });
  const prefix = 'service.beta.kubernetes.io/azure-load-balancer-';
  const annotations = {
    [`${prefix}internal`]: 'true',
    [`${prefix}internal-subnet`]: 'models',
    [`${prefix}ipv4`]: ADDRESS,
  };
  await kubernetes(azure, '/api/v1/namespaces/kaito-models/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'mistral-7b', annotations },
    spec: {
      type: 'LoadBalancer',
      selector: { 'kaito.sh/workspace': 'workspace-mistral-7b' },
      ports: [{ port: 80, targetPort: 5000 }],
    },
  });
}

/** A request through the forward proxy, as a client sends it: the absolute address on the request line. */
function throughProxy({ world }: TestAzure, url: string): Promise<{ status?: number; text: string }> {
  const { hostname, port } = new URL(world.egressProxyUrl);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, path: url, headers: { host: new URL(url).host } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** A team's product with a subscription; returns its key. */
async function giveAccess({ apim }: TestAzure): Promise<string> {
  await apim.product.createOrUpdate(GROUP, APIM, 'product-alpha', { displayName: 'alpha', state: 'published' });
  for (const api of ['openai-api', 'kaito-api'])
    await apim.productApi.createOrUpdate(GROUP, APIM, 'product-alpha', api);
  const subscription = { displayName: 'alpha', scope: '/products/product-alpha', state: 'active' as const };
  await apim.subscription.createOrUpdate(GROUP, APIM, 'sub-alpha', subscription);
  return (await apim.subscription.listSecrets(GROUP, APIM, 'sub-alpha')).primaryKey ?? '';
}

function chat({ world }: TestAzure, api: string, model: string, key: string) {
  return fetch(`${world.gatewayUrl}/${api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'api-key': key },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
  });
}

describe('a private DNS record', () => {
  it('is created once with If-None-Match, changed under its etag, and deleted', async () => {
    const azure = await startTestAzure();
    const created = await setRecord(azure, { ifNoneMatch: '*' });
    expect(created).toMatchObject({
      name: 'mistral-7b',
      fqdn: 'mistral-7b.kaito.internal.',
      aRecords: [{ ipv4Address: ADDRESS }],
    });
    expect(await refusal(setRecord(azure, { ifNoneMatch: '*' }))).toMatchObject({
      statusCode: 412,
      code: 'PreconditionFailed',
    });
    await setRecord(azure, { ifMatch: created.etag }, '10.10.7.201');
    expect(await refusal(setRecord(azure, { ifMatch: created.etag }))).toMatchObject({ statusCode: 412 });
    await azure.dns.recordSets.delete(GROUP, ZONE, 'A', 'mistral-7b');
    await azure.dns.recordSets.delete(GROUP, ZONE, 'A', 'mistral-7b');
    expect((await azure.dns.privateZones.get(GROUP, ZONE)).numberOfRecordSets).toBe(1);
  });

  it('is refused when its address is none', async () => {
    const azure = await startTestAzure();
    expect(await refusal(setRecord(azure, {}, '10.10.7'))).toMatchObject({ statusCode: 400, code: 'ValidationError' });
  });
});

describe('a machine inside the virtual network', () => {
  it('reaches a model once name, address and Workspace are ready, and not before', async () => {
    const azure = await startTestAzure();
    const url = 'http://mistral-7b.kaito.internal/v1/models';
    expect((await throughProxy(azure, url)).text).toContain('ENOTFOUND');
    await deployModel(azure);
    await setRecord(azure);
    expect((await throughProxy(azure, url)).text).toContain('ECONNREFUSED');
    await azure.clock.advance(720_000);
    const { status, text } = await throughProxy(azure, url);
    expect([status, JSON.parse(text)]).toMatchObject([200, { data: [{ id: 'mistral-7b-instruct' }] }]);
  });

  it('reaches nothing else', async () => {
    const azure = await startTestAzure();
    expect(await throughProxy(azure, 'http://example.org/')).toMatchObject({ status: 502 });
  });
});

describe('the AI gateway', () => {
  it('answers with a Foundry model, by its own identity and its role', async () => {
    const azure = await startTestAzure();
    const key = await giveAccess(azure);
    const response = await chat(azure, 'openai/v1', 'gpt-4.1', key);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { model: expect.stringContaining('gpt-4.1') },
    ]);
  });

  it('is refused by Foundry when its role is taken away', async () => {
    const azure = await startTestAzure();
    const key = await giveAccess(azure);
    await azure.roles.roleAssignments.delete(CENTRAL_ID, '0c000000-0000-4000-8000-000000000001');
    const response = await chat(azure, 'openai/v1', 'gpt-4.1', key);
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining('PermissionDenied')]);
  });

  it('answers with a shared model through backend, DNS, load balancer and Workspace', async () => {
    const azure = await startTestAzure();
    const key = await giveAccess(azure);
    await deployModel(azure);
    await setRecord(azure);
    const backend = { url: 'http://mistral-7b.kaito.internal/v1', protocol: 'http' };
    await azure.apim.backend.createOrUpdate(GROUP, APIM, 'kaito-mistral-7b', backend);
    await azure.clock.advance(720_000);
    const response = await chat(azure, 'kaito/v1', 'mistral-7b-instruct', key);
    expect([response.status, await response.json()]).toMatchObject([200, { model: 'mistral-7b-instruct' }]);
  });

  it('takes a suspended subscription back at once', async () => {
    const azure = await startTestAzure();
    const key = await giveAccess(azure);
    await azure.apim.subscription.update(GROUP, APIM, 'sub-alpha', '*', { state: 'suspended' });
    expect((await chat(azure, 'openai/v1', 'gpt-4.1', key)).status).toBe(401);
  });
});
