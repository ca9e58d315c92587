import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { ApiManagementClient } from '@azure/arm-apimanagement';
import { CognitiveServicesManagementClient } from '@azure/arm-cognitiveservices';
import { ManagedIdentityCredential } from '@azure/identity';
import { anchorNow } from '../../local/clock.js';
import { APIM, GROUP, RESOURCES, SUBSCRIPTION, TEAMS } from './azure-fixture.js';

interface Running {
  process: ChildProcess;
  armUrl: string;
  identityEndpoint: string;
  identityHeader: string;
  ports: Record<string, number>;
}

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'azure-crash-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** One time line for all worlds of the test, fast enough that an operation of half a minute ends in it. */
const TIME_LINE = anchorNow(100);

/** A world in a process of its own; the second one in a folder stands where the first stood. */
async function start(ports: Record<string, number> = {}): Promise<Running> {
  const settings = [RESOURCES, ports, TIME_LINE].map((value) => JSON.stringify(value));
  const child = spawn(process.execPath, [join(__dirname, 'azure-child.cjs'), directory, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, ...(JSON.parse(line) as Omit<Running, 'process'>) };
}

async function kill({ process: child }: Running): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('a world that is killed while requests run', () => {
  it('has whatever it acknowledged, each resource whole or not at all, and ends its operations', async () => {
    let world = await start();
    tls.setDefaultCACertificates([
      ...tls.getCACertificates('default'),
      readFileSync(join(directory, 'ca.pem'), 'utf8'),
    ]);
    process.env['IDENTITY_ENDPOINT'] = world.identityEndpoint;
    process.env['IDENTITY_HEADER'] = world.identityHeader;
    const credential = new ManagedIdentityCredential();
    const options = { endpoint: world.armUrl, retryOptions: { maxRetries: 0 } };
    const apim = new ApiManagementClient(credential, SUBSCRIPTION, options);
    const foundry = new CognitiveServicesManagementClient(credential, SUBSCRIPTION, options);
    await foundry.accounts.beginCreate(TEAMS, 'foundry-alpha', {
      location: 'swedencentral',
      kind: 'AIServices',
      sku: { name: 'S0' },
      properties: { customSubDomainName: 'foundry-alpha' },
    });
    await apim.product.createOrUpdate(GROUP, APIM, 'p', { displayName: 'p' });

    const acknowledged = new Map<string, string | undefined>();
    let asked = 0;
    for (let round = 0; round < 2; round++) {
      const lanes = Array.from({ length: 4 }, async () => {
        // Ends with the first call that the dead world does not answer; the number bounds a world that would not die.
        for (let sent = 0; sent < 2_000; sent++) {
          const name = `s${asked++}`;
          const subscription = { displayName: name, scope: '/products/p', primaryKey: `SIMULATED-KEY-${name}` };
          const created = await apim.subscription.createOrUpdate(GROUP, APIM, name, subscription);
          acknowledged.set(name, created.eTag);
        }
      });
      const lost = Promise.allSettled(lanes);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await kill(world);
      expect((await lost).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
      world = await start(world.ports);
    }

    const found = new Map<string, string | undefined>();
    for await (const one of apim.subscription.list(GROUP, APIM)) {
      found.set(one.name ?? '', one.displayName);
      expect([one.state, one.displayName]).toEqual(['active', one.name]);
    }
    expect(acknowledged.size).toBeGreaterThan(20);
    expect([...acknowledged.keys()].filter((name) => !found.has(name))).toEqual([]);
    expect(found.size).toBeLessThanOrEqual(acknowledged.size + 8);
    expect((await apim.subscription.listSecrets(GROUP, APIM, 's0')).primaryKey).toBe('SIMULATED-KEY-s0');
    // Half a minute of the world has passed by far, most of it in other processes than the one that began.
    const account = await foundry.accounts.get(TEAMS, 'foundry-alpha');
    expect(account.properties?.provisioningState).toBe('Succeeded');
    await kill(world);
  });
});
