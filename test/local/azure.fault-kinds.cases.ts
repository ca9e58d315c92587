import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ManagedIdentityCredential } from '@azure/identity';
import type { AnsweredRequest, Fault } from '../../local/world/azure/index.js';
import { APIM, CENTRAL, GROUP, refusal, SERVICE_ID, startTestAzure, type TestAzure } from './azure-fixture.js';
import { connect } from './kubernetes-fixture.js';

const PRODUCT_PATH = '/products/p1';

function createProduct({ apim }: TestAzure, options = {}) {
  return apim.product.createOrUpdate(GROUP, APIM, 'p1', { displayName: 'p1' }, options);
}

const getProduct = ({ apim }: TestAzure) => apim.product.get(GROUP, APIM, 'p1');

/** The request is on its way through the real network: it has arrived when its fault was hit. */
async function arrived({ clock, world }: TestAzure): Promise<void> {
  while (world.faults.list()[0]?.hits === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.settle();
}

/** What the Kubernetes client throws, as far as it says. */
async function kubernetesRefusal(call: Promise<unknown>): Promise<{ code?: number; body?: string }> {
  return call.then(
    () => ({}),
    (error: { code?: number; body?: string }) => error,
  );
}

describe('a read of what a replica has not heard of', () => {
  it('is answered 404 by ARM, while writes go through and do not use the fault up', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'absent', match: { path: PRODUCT_PATH }, times: 2 });
    await createProduct(azure);
    expect(await refusal(getProduct(azure))).toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
    expect(await refusal(azure.apim.product.getEntityTag(GROUP, APIM, 'p1'))).toMatchObject({ statusCode: 404 });
    expect((await getProduct(azure)).displayName).toBe('p1');
  });

  it('is answered 404 by Key Vault, once a caller has shown who it is', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'absent', match: { service: 'vault' }, times: 1 });
    await azure.vault.setSecret('key', 'x');
    const { SecretClient } = await import('@azure/keyvault-secrets');
    const options = { retryOptions: { maxRetries: 0 }, disableChallengeResourceVerification: true };
    const other = new SecretClient(azure.world.vaultUrl, azure.credential, options);
    expect(await refusal(other.getSecret('key'))).toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
    expect((await other.getSecret('key')).value).toBe('x');
  });

  it('is answered 404 by Kubernetes, in its own words', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    azure.world.faults.add({ kind: 'absent', match: { path: '/namespaces/kaito-models' }, times: 1 });
    const { body, code } = await kubernetesRefusal(core.readNamespace({ name: 'kaito-models' }));
    expect(code).toBe(404);
    expect(JSON.parse(String(body))).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 });
    expect((await core.readNamespace({ name: 'kaito-models' })).metadata?.name).toBe('kaito-models');
  });
});

describe('an answer that nobody can read', () => {
  it.each(['truncated', 'html'] as const)('comes after the effect: %s', async (body) => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'malformed', body, match: { method: 'PUT', path: PRODUCT_PATH }, times: 1 });
    let status: number | undefined;
    let text: string | null | undefined;
    const onResponse = (raw: { status: number; bodyAsText?: string | null }) => {
      status = raw.status;
      text = raw.bodyAsText;
    };
    const outcome = await createProduct(azure, { onResponse }).catch((error: { code?: string }) => error);
    if (body === 'truncated') expect(outcome).toMatchObject({ code: 'PARSE_ERROR', statusCode: 200 });
    else {
      // A page is no JSON, so the client doesn't try: it gives back an object without anything in it.
      expect([status, text]).toEqual([200, expect.stringContaining('<!DOCTYPE html>')]);
      expect(outcome).not.toHaveProperty('displayName', 'p1');
    }
    expect((await getProduct(azure)).displayName).toBe('p1');
  });

  it('comes for the beginning and for the state of an operation alike', async () => {
    const azure = await startTestAzure({ latencies: { foundryDeployment: 10 } });
    const model = { format: 'OpenAI', name: 'gpt-4o', version: '1' };
    const deployment = { sku: { name: 'Standard', capacity: 1 }, properties: { model } };
    const begin = (name: string) => azure.foundry.deployments.beginCreateOrUpdate(GROUP, CENTRAL, name, deployment);
    const unreadable = { code: 'PARSE_ERROR', statusCode: 200 };
    azure.world.faults.add({ kind: 'malformed', match: { method: 'PUT', path: '/deployments/one' }, times: 1 });
    expect(await refusal(begin('one'))).toMatchObject(unreadable);
    await azure.clock.advance(10_000);
    azure.world.faults.add({ kind: 'malformed', match: { path: '/operationStatuses/' }, times: 1 });
    expect(await refusal(begin('two'))).toMatchObject(unreadable);
    await azure.clock.advance(10_000);
    for (const name of ['one', 'two']) {
      const found = await azure.foundry.deployments.get(GROUP, CENTRAL, name);
      expect(found.properties?.provisioningState).toBe('Succeeded');
    }
  });

  it('leaves refusals as they are, and waits for something to spoil', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'malformed', match: { path: PRODUCT_PATH }, times: 1 });
    expect(await refusal(getProduct(azure))).toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
    expect(await refusal(createProduct(azure))).toMatchObject({ code: 'PARSE_ERROR' });
  });
});

describe('a request without an answer', () => {
  /** Sends the product's PUT; gives it up when the test says so. */
  function hang(azure: TestAzure) {
    const caller = new AbortController();
    const outcome = createProduct(azure, { abortSignal: caller.signal }).catch((error: Error) => error.name);
    return { caller, outcome };
  }

  const match = { method: 'PUT', path: PRODUCT_PATH };

  it.each([
    ['none', 404],
    ['now', 200],
  ] as const)(
    'hangs until the caller gives up, with effect %s, and does not stop the clock',
    async (effect, status) => {
      const azure = await startTestAzure();
      await azure.credential.getToken('https://management.azure.com/.default');
      azure.world.faults.add({ kind: 'no-answer', effect, match, times: 1 });
      const { caller, outcome } = hang(azure);
      await arrived(azure);
      await azure.clock.advance(86_400_000 / 2);
      expect((await azure.arm('GET', `${SERVICE_ID}/products/p1`, '2024-05-01')).status).toBe(status);
      caller.abort();
      expect(await outcome).toBe('AbortError');
      await azure.clock.settle();
    },
  );

  it('takes effect later, long after the caller has given up', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'no-answer', effect: 'late', lateSeconds: 345, match, times: 1 });
    const { caller, outcome } = hang(azure);
    await arrived(azure);
    await azure.clock.advance(60_000);
    caller.abort();
    expect(await outcome).toBe('AbortError');
    expect(await refusal(getProduct(azure))).toMatchObject({ statusCode: 404 });
    await azure.clock.advance(285_000);
    expect((await getProduct(azure)).displayName).toBe('p1');
  });

  it('ends with the world, whose late effects never come', async () => {
    const logged: string[] = [];
    const azure = await startTestAzure({ log: (_level, message) => logged.push(message) });
    azure.world.faults.add({ kind: 'no-answer', effect: 'late', lateSeconds: 60, match, times: 1 });
    const { outcome } = hang(azure);
    await arrived(azure);
    await azure.world.close();
    expect(await outcome).toBe('RestError');
    await azure.clock.advance(120_000);
    expect(logged).toEqual([]);
  });
});

describe('a fault with a window', () => {
  it('ends by itself after so much world time, whatever was hit', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({
      match: { path: PRODUCT_PATH },
      forSeconds: 240,
      answer: { status: 502, code: 'BadGateway' },
    });
    expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 502 });
    await azure.clock.advance(239_999);
    expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 502 });
    await azure.clock.advance(1);
    await createProduct(azure);
    expect(azure.world.faults.list()).toMatchObject([{ hits: 2, untilMs: azure.clock.now() }]);
  });

  it('tells when to come again as seconds, as a date, or as something else', async () => {
    const azure = await startTestAzure();
    const told: unknown[] = [];
    for (const wait of [
      { retryAfterSeconds: 7 },
      { retryAfter: 'Mon, 05 Jan 2026 09:05:00 GMT' },
      { retryAfter: 'soon' },
    ]) {
      azure.world.faults.add({ times: 1, match: { method: 'PUT' }, answer: { status: 429, code: 'Busy', ...wait } });
      const error = await createProduct(azure).catch((reason) => reason);
      told.push(error.response.headers.get('retry-after'));
    }
    expect(told).toEqual(['7', 'Mon, 05 Jan 2026 09:05:00 GMT', 'soon']);
    const both = { status: 429, code: 'Busy', retryAfterSeconds: 7, retryAfter: '7' };
    expect(() => azure.world.faults.add({ answer: both })).toThrow('not both');
  });
});

describe('every service', () => {
  interface Target {
    url: string;
    headers?: Record<string, string>;
  }

  /** A read that succeeds, on each. */
  async function target(azure: TestAzure, service: string): Promise<Target> {
    const { credential, world } = azure;
    const bearer = async (scope: string) => ({ authorization: `Bearer ${(await credential.getToken(scope)).token}` });
    switch (service) {
      case 'arm': {
        const headers = await bearer('https://management.azure.com/.default');
        return { url: `${world.armUrl}${SERVICE_ID}?api-version=2024-05-01`, headers };
      }
      case 'vault': {
        const headers = await bearer('https://vault.azure.net/.default');
        return { url: `${world.vaultUrl}/secrets?api-version=7.6`, headers };
      }
      case 'kubernetes': {
        const headers = await bearer('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
        return { url: `${world.kubernetesUrl}/api/v1/namespaces/kaito-models`, headers };
      }
      case 'gateway':
        return { url: `${world.gatewayUrl}/none` };
      case 'identity': {
        const headers = { 'x-identity-header': world.identityHeader };
        return { url: `${world.identityEndpoint}?api-version=2019-08-01&resource=https://vault.azure.net`, headers };
      }
      default:
        return { url: world.egressProxyUrl };
    }
  }

  /** One request; without an answer, it is given up once `isHopeless`. */
  function ask(
    { headers, url }: Target,
    isHopeless?: Promise<void>,
  ): Promise<{ status: number; text: string } | string> {
    const send = url.startsWith('https') ? httpsRequest : httpRequest;
    return new Promise((resolve) => {
      const sent = send(url, { headers: { ...headers, connection: 'close' } }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
      sent.end();
      void isHopeless?.then(() => {
        resolve('no answer');
        sent.destroy();
      });
    });
  }

  it.each(['arm', 'vault', 'kubernetes', 'identity', 'gateway', 'egress'] as const)(
    'can fail in all ways: %s',
    async (service) => {
      const azure = await startTestAzure();
      const read = await target(azure, service);
      const ordinary = await ask(read);
      const one = async (fault: Fault) => {
        azure.world.faults.clear();
        azure.world.faults.add({ ...fault, match: { service }, times: 1 });
        const outcome = await ask(read, fault.kind === 'no-answer' ? arrived(azure) : undefined);
        expect(await ask(read)).toMatchObject({ status: (ordinary as { status: number }).status });
        return outcome;
      };
      for (const status of [302, 500, 503])
        expect(await one({ answer: { status, code: 'X' } })).toMatchObject({ status });
      expect(await one({ kind: 'drop-before-effect' })).toBe('ECONNRESET');
      expect(await one({ kind: 'drop-after-effect' })).toBe('ECONNRESET');
      for (const effect of ['none', 'now'] as const) expect(await one({ kind: 'no-answer', effect })).toBe('no answer');
      expect(await one({ kind: 'no-answer', effect: 'late', lateSeconds: 5 })).toBe('no answer');
      await azure.clock.advance(5_000);
      // The gateway and the proxy have nothing that could be read without a model.
      if (service === 'gateway' || service === 'egress') return;
      expect(await one({ kind: 'absent' })).toMatchObject({ status: 404 });
      for (const body of ['truncated', 'html'] as const) {
        const outcome = (await one({ kind: 'malformed', body })) as { status: number; text: string };
        expect(outcome.status).toBe(200);
        expect(() => JSON.parse(outcome.text)).toThrow();
      }
    },
  );

  it('lets a credential find the token endpoint down, and up again', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({
      match: { service: 'identity' },
      forSeconds: 60,
      answer: { status: 500, code: 'unknown' },
    });
    // Tokens are kept for the whole process, so this asks for one that nobody has.
    const scope = 'https://down.vault.azure.net/.default';
    const failed = await new ManagedIdentityCredential().getToken(scope).catch((error: Error) => error.name);
    expect(failed).toBe('CredentialUnavailableError');
    await azure.clock.advance(60_000);
    expect((await new ManagedIdentityCredential().getToken(scope)).token).toMatch(/^ey/);
  });
});

describe('the record of answers', () => {
  it('has every request on every service, reads included, with its status', async () => {
    const seen: AnsweredRequest[] = [];
    const azure = await startTestAzure({ onAnswer: (entry) => seen.push(entry) });
    await azure.credential.getToken('https://management.azure.com/.default');
    seen.length = 0;
    const path = `${SERVICE_ID}/products/p1`;
    await refusal(getProduct(azure));
    await createProduct(azure);
    azure.world.faults.add({ kind: 'drop-after-effect', match: { service: 'arm' }, times: 1 });
    await refusal(getProduct(azure));
    await refusal(azure.vault.getSecret('none'));
    await fetch(`${azure.world.controlUrl}/faults`);
    expect(seen.filter(({ service }) => service !== 'identity')).toEqual([
      { service: 'arm', method: 'GET', path, status: 404 },
      { service: 'arm', method: 'PUT', path, status: 201 },
      { service: 'arm', method: 'GET', path, status: undefined },
      { service: 'vault', method: 'GET', path: '/secrets/none/', status: 401 },
      { service: 'vault', method: 'GET', path: '/secrets/none/', status: 404 },
    ]);
  });
});

describe('the wire', () => {
  it('answers a body that is too large, and lives on', async () => {
    const azure = await startTestAzure();
    const url = `${azure.world.gatewayUrl}/openai/v1/chat/completions`;
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(4_400_000) })).status).toBe(413);
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});
