import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nextPoll } from '../../local/host/durable/http-call.js';
import { type DurableApp, startDurableApp } from './host-fixture.js';

let app: DurableApp;
let sample: typeof import('./apps/call-http/app.js');

beforeAll(async () => {
  app = await startDurableApp('call-http', () => {
    sample = require('./apps/call-http/app.js');
  });
});
afterAll(() => app.host.close());
beforeEach(() => {
  sample.requests.length = 0;
  sample.operation.headers = {};
});

const url = (path: string) => `${app.host.url}/api/${path}`;

describe('a durable HTTP call', () => {
  it('sends method, headers and body, and returns status, headers and body', async () => {
    const input = { method: 'POST', url: url('echo?x=1'), body: { a: 1 }, headers: { 'x-test': 'yes' } };
    expect((await app.run('call', input)).output).toMatchObject({ status: 201, content: 'POST {"a":1}', seen: 'yes' });
    expect(sample.requests).toMatchObject([{ url: url('echo?x=1'), headers: { 'x-test': 'yes' }, body: '{"a":1}' }]);
  });

  it('polls a 202 at its Location in world time: after Retry-After, or half a minute', async () => {
    const startMs = app.clock.now();
    sample.operation.pollsLeft = 2;
    sample.operation.headers = { 'retry-after': '90' };
    const input = {
      method: 'POST',
      url: url('operation'),
      body: 'x',
      headers: { 'x-functions-key': 'secret', accept: 'a/b' },
    };
    const id = await app.start('call', input);
    await app.clock.advance(89_999);
    expect(sample.requests).toHaveLength(1);
    sample.operation.headers = {};
    await app.clock.advance(1);
    expect(sample.requests).toHaveLength(2);
    await app.clock.advance(30_000);
    expect((await app.client.getStatus(id)).output).toMatchObject({
      status: 200,
      content: '{"done":true}',
      at: new Date(startMs + 120_000).toISOString(),
    });
    expect(sample.requests.slice(1)).toMatchObject([
      { method: 'GET', url: url('operation?poll'), headers: { accept: 'a/b' }, body: '' },
      { method: 'GET' },
    ]);
    expect(sample.requests[1]!.headers).not.toHaveProperty('x-functions-key');
  });

  it.each([{ enablePolling: false }, { asynchronousPatternEnabled: false }])(
    'does not poll with %o',
    async (option) => {
      sample.operation.pollsLeft = 1;
      const input = { method: 'GET', url: url('operation'), ...option };
      expect((await app.run('call', input)).output).toMatchObject({ status: 202 });
    },
  );

  it('fails with the reason when nothing answers', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const status = await app.run('call', { method: 'GET', url: `http://127.0.0.1:${port}/` });
    expect(status).toMatchObject({ runtimeStatus: 'Failed', output: expect.stringContaining('ECONNREFUSED') });
  });

  it('sends credentials on to the same origin only', () => {
    const request = {
      method: 'POST',
      uri: 'https://one.example/start',
      headers: { Authorization: 'Bearer x', accept: 'a/b' },
      tokenSource: { resource: 'https://one.example' },
      asynchronousPatternEnabled: true,
    };
    const poll = (location: string) =>
      nextPoll(request, { statusCode: 202, headers: { location }, content: '' })?.request;
    expect(poll('/status')).toMatchObject({ headers: request.headers, tokenSource: request.tokenSource });
    expect(poll('https://two.example/')).toMatchObject({ headers: { accept: 'a/b' }, tokenSource: undefined });
  });
});
