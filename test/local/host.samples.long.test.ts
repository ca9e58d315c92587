import { appFolder } from './host-fixture.js';
import { startHostChild } from './host-process.js';

/** All but the ones for Service Bus, which need a broker. */
const APPS = ['call-http', 'entities', 'entity-locks', 'events', 'limits', 'orchestrations', 'rewind', 'streaming'];

describe('a sample app', () => {
  it.each(APPS)('starts with hai-host from its folder: %s', async (name) => {
    const child = await startHostChild([appFolder(name), '--port', '0']);
    const functions = (await (await fetch(`${child.url}/admin/functions`)).json()) as unknown[];
    expect(functions.length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await child.exited;
  });
});
