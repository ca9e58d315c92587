import { request } from 'node:http';
import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import { appFolder } from './host-fixture.js';

const clock = explicitClock();
const logs: string[] = [];
let host: Host;

const start = () =>
  startHost({
    appRoot: appFolder('streaming'),
    clock,
    loadApp: () => require('./apps/streaming/app.js'),
    log: (level, category, message) => logs.push(`${level} ${category}: ${message}`),
  });

beforeAll(async () => {
  host = await start();
});
afterAll(() => host.close());

describe('an app that streams', () => {
  it('has its response passed on piece by piece', async () => {
    const response = await fetch(`${host.url}/api/count/4?page=7`);
    expect(response.headers.get('x-page')).toBe('7');
    const pieces: string[] = [];
    const times: number[] = [];
    for await (const piece of response.body!) {
      pieces.push(Buffer.from(piece).toString());
      times.push(performance.now());
    }
    expect(pieces).toEqual(['1 ', '2 ', '3 ', '4 ']);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(100);
  });

  it('reads a body while it arrives', async () => {
    const body = Buffer.alloc(300_000, 'x');
    const response = await fetch(`${host.url}/api/upload`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'a/b' },
    });
    expect([response.status, await response.json()]).toEqual([201, { bytes: 300_000, type: 'a/b' }]);
  });

  it('serves many callers at once, each its own stream', async () => {
    const read = async (to: number) => (await fetch(`${host.url}/api/count/${to}?pause=1`)).text();
    const texts = await Promise.all(Array.from({ length: 20 }, (_, index) => read(index + 1)));
    expect(texts.map((text) => text.trim().split(' ').length)).toEqual(texts.map((_, index) => index + 1));
  });

  it('answers 204 when a function returns nothing, and 500 when it throws', async () => {
    expect((await fetch(`${host.url}/api/nothing`)).status).toBe(204);
    expect((await fetch(`${host.url}/api/throws`)).status).toBe(500);
    expect(logs.join()).toContain('Function "throws" failed: Error: before the response');
  });

  it('breaks the stream off when the function fails in its middle', async () => {
    const response = await fetch(`${host.url}/api/breaks`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('is still settled after a caller has left', async () => {
    await new Promise<void>((resolve) => {
      const call = request(`${host.url}/api/count/5?pause=20`, (response) => {
        response.once('data', () => call.destroy());
        response.once('error', () => {});
        response.once('close', resolve);
      });
      call.once('error', () => {});
      call.end();
    });
    await clock.settle();
  });

  it('streams again after a restart of the host', async () => {
    await host.close();
    host = await start();
    expect(await (await fetch(`${host.url}/api/count/2?pause=1`)).text()).toBe('1 2 ');
  });
});
