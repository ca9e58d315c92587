import { type Bench, createBench } from './gateway.fixtures.js';

const BREAKER = {
  rules: [
    {
      name: 'breaker',
      failureCondition: { count: 1, interval: 'PT1M', statusCodeRanges: [{ min: 500, max: 599 }] },
      tripDuration: 'PT30S',
    },
  ],
};

/** `plain-api` calls a pool; a host that is in `broken` answers 500. */
function withPool(members: Record<string, { priority?: number; weight?: number }>) {
  const bench = createBench();
  const { world } = bench;
  const broken = new Set<string>();
  for (const id of Object.keys(members)) {
    world.backends[id] = { url: `https://${id}.test`, circuitBreaker: BREAKER };
  }
  world.backends['pool'] = {
    pool: Object.entries(members).map(([id, { priority = 0, weight = 1 }]) => ({ id, priority, weight })),
  };
  world.setPlainPolicy({ inbound: '<set-backend-service backend-id="pool" />' });
  world.answer = ({ url }) => {
    const host = new URL(url).hostname.split('.')[0]!;
    return { status: broken.has(host) ? 500 : 200, headers: {}, body: (async function* () {})() };
  };
  return { ...bench, broken };
}

async function call({ call: send, world }: Bench, times: number): Promise<string> {
  const before = world.sent.length;
  for (let count = 0; count < times; count++) await send('GET', '/plain/models', { key: 'all-apis-key' });
  return world.sent
    .slice(before)
    .map(({ url }) => new URL(url).hostname.split('.')[0])
    .join(' ');
}

describe('a backend pool', () => {
  it('calls its members in turn', async () => {
    expect(await call(withPool({ a: {}, b: {} }), 4)).toBe('a b a b');
  });

  it('spreads calls by weight', async () => {
    const hosts = (await call(withPool({ a: { weight: 3 }, b: { weight: 1 } }), 8)).split(' ');
    expect(hosts.filter((host) => host === 'a')).toHaveLength(6);
  });

  it('falls back to the next priority while the circuits of the first are open, and returns', async () => {
    const bench = withPool({ a: { priority: 1 }, b: { priority: 2 } });
    bench.broken.add('a');
    expect(await call(bench, 3)).toBe('a b b');
    bench.broken.clear();
    await bench.clock.advance(31_000);
    expect(await call(bench, 2)).toBe('a a');
  });

  it('answers 503 when no member can be called', async () => {
    const bench = withPool({ a: {} });
    bench.broken.add('a');
    await call(bench, 1);
    expect((await bench.call('GET', '/plain/models', { key: 'all-apis-key' })).status).toBe(503);
  });
});
