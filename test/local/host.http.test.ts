import { join } from 'node:path';
import { explicitClock } from '../../local/clock.js';
import { type Host, type HostOptions, startHost } from '../../local/host/index.js';

type SampleApp = typeof import('./apps/http/app.js');

const SETTINGS = { LOG_ROUTE: 'log-route', 'AzureWebJobs.disabled.Disabled': '1' };

const clock = explicitClock();
let host: Host;
let sample: SampleApp;
const logs: string[] = [];

const start = (options: Partial<HostOptions> = {}) =>
  startHost({
    appRoot: join(__dirname, 'apps', 'http'),
    clock,
    settings: SETTINGS,
    loadApp: () => {
      sample = require('./apps/http/app.js');
    },
    log: (level, category, message) => logs.push(`${level} ${category}: ${message}`),
    ...options,
  });

beforeAll(async () => {
  host = await start();
});
afterAll(() => host.close());

const call = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${host.url}/api/${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
};

describe('an HTTP function', () => {
  it('gets the method, address, headers and body of the request', async () => {
    const { body } = await call('items/a%20b?x=1&x=2&y=', {
      method: 'PUT',
      body: 'hello',
      headers: { 'x-test': 'yes', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    });
    expect(body).toEqual({
      function: 'items',
      params: { id: 'a b' },
      query: [
        ['x', '1'],
        ['x', '2'],
        ['y', ''],
      ],
      body: 'hello',
      header: 'yes',
      traceParent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
  });

  it.each([
    ['items/x', 'items', { id: 'x' }],
    ['ITEMS/newest', 'newest', {}],
    ['items/17', 'numbered', { number: '17' }],
    ['optional/a', 'optional', { first: 'a' }],
    ['optional/a/b', 'optional', { first: 'a', second: 'b' }],
    ['files', 'files', { rest: '' }],
    ['files/a/b.txt', 'files', { rest: 'a/b.txt' }],
    ['plain/', 'plain', {}],
  ])('is found by its route: %s', async (path, name, params) => {
    expect((await call(path)).body).toMatchObject({ function: name, params });
  });

  it.each([
    ['GET', 'unknown'],
    ['GET', 'items'],
    ['PATCH', 'items/x'],
    ['GET', 'plain/more'],
    ['GET', 'disabled'],
  ])('is not found: %s %s', async (method, path) => {
    expect((await call(path, { method })).status).toBe(404);
  });

  it('refuses a path with a broken escape', async () => {
    expect((await call('items/%E0%A4%A')).status).toBe(400);
  });

  it('answers with bytes, cookies, or nothing', async () => {
    const bytes = await fetch(`${host.url}/api/bytes`);
    expect(Buffer.from(await bytes.arrayBuffer())).toEqual(Buffer.from([0, 255, 1]));
    const cookies = await call('cookies');
    expect(cookies.status).toBe(201);
    expect(cookies.headers.getSetCookie()).toEqual([
      'a=1%202; Path=/; HttpOnly; SameSite=Strict',
      'b=2; Max-Age=5; Secure',
    ]);
    expect((await call('nothing')).status).toBe(204);
  });

  it('that throws answers 500 without the reason, which is in the log with its name', async () => {
    expect(await call('throws')).toMatchObject({ status: 500, body: '' });
    expect(logs.join()).toContain('error Function.throws: Function "throws" failed: Error: a secret reason');
  });

  it('has its settings resolved, its hooks called and its lines logged', async () => {
    sample.hookCalls.splice(1);
    expect((await call('log-route')).status).toBe(200);
    expect(sample.hookCalls).toEqual(['start', 'pre logs', 'post logs true ok']);
    expect(logs).toContain('warn Function.logs.User: a line from the app');
  });
});

describe('starting and closing', () => {
  it('undoes everything when the host is closed', async () => {
    await host.close();
    expect(sample.hookCalls.at(-1)).toBe('terminate');
    expect(process.env['LOG_ROUTE']).toBeUndefined();
    await expect(fetch(`${host.url}/api/plain`)).rejects.toThrow('fetch failed');
    host = await start();
    expect((await call('plain')).status).toBe(200);
  });

  it('refuses a second host in the process', async () => {
    await expect(start()).rejects.toThrow('A host already runs in this process');
    expect((await call('plain')).status).toBe(200);
  });

  it.each<[string, Partial<HostOptions>, string]>([
    ['a setting is missing', { settings: {} }, 'the setting "DISABLED_ROUTE" in "%DISABLED_ROUTE%" is not set'],
    [
      'a route is not understood',
      { settings: { ...SETTINGS, LOG_ROUTE: '{id:range(1,2)}' } },
      'does not understand the segment',
    ],
    ['the folder is no app', { appRoot: join(__dirname, 'apps') }, 'No package.json in'],
    ['the app fails to load', { loadApp: () => Promise.reject(new Error('broken app')) }, 'broken app'],
  ])('says what is wrong when %s', async (_, options, message) => {
    await host.close();
    try {
      await expect(start(options)).rejects.toThrow(message);
    } finally {
      host = await start();
    }
  });
});
