import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OperationView } from '../../shared/contracts/api.js';
import { build, type Child, start } from '../support/child.js';
import { example, YAML } from '../support/documents.js';

/**
 * Real milliseconds that the platform may live before it is killed: a kill in the middle of different steps. `npm run crash` does it sixty times,
 * to several teams.
 */
const LIVES_MS = [300, 700];
const LIMIT_MS = 40_000;

describe('npm start', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'hai-kill-test-'));
  let platform: Child | undefined;
  beforeAll(build);
  afterAll(async () => {
    platform?.process.kill('SIGKILL');
    await platform?.exited;
    rmSync(data, { recursive: true });
  });

  const up = async (...args: string[]): Promise<string> => {
    platform = start('start.js', ['--data', data, '--port', '0', '--speed', '60', ...args]);
    const [, url] = await platform.line(/hai is up: (\S+)\/api\/v1/);
    return `${url}/api/v1`;
  };

  it('continues a running orchestration after kill -9, and ends the same', async () => {
    let api = await up();
    const answer = await fetch(`${api}/access-requests`, {
      method: 'POST',
      headers: YAML,
      body: example('team-alpha.yaml'),
    });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as OperationView;

    for (const lifeMs of LIVES_MS) {
      await new Promise((resolve) => setTimeout(resolve, lifeMs));
      platform!.process.kill('SIGKILL');
      await platform!.exited;
      api = await up();
    }
    const operation = await finished(`${api}/operations/${id}`);
    expect(operation.error).toBeUndefined();
    expect(operation).toMatchObject({ status: 'Succeeded' });
    expect(operation.steps.every(({ status }) => status === 'succeeded')).toBe(true);

    const { ports } = JSON.parse(readFileSync(path.join(data, 'platform.json'), 'utf8')) as {
      ports: { control: number };
    };
    const inventory = (await (await fetch(`http://127.0.0.1:${ports.control}/inventory`)).json()) as {
      value: string[];
    };
    expect(inventory.value.filter((resource) => resource.endsWith('/products/product-alpha'))).toHaveLength(1);
    expect(inventory.value.filter((resource) => resource.endsWith('/accounts/foundry-alpha'))).toHaveLength(1);
  });

  it('keeps its state over a clean stop too', async () => {
    platform!.process.kill('SIGTERM');
    expect(await platform!.exited).toBe(0);
    const api = await up();
    const teams = (await (await fetch(`${api}/teams`)).json()) as { value: { name: string; phase: string }[] };
    expect(teams.value).toMatchObject([{ name: 'team-alpha', phase: 'Ready' }]);
  });

  it('prints commands that work as they are printed', async () => {
    const commands = platform!
      .output()
      .split('\n')
      .filter((line) => line.trim().startsWith('curl'));
    expect(commands).toHaveLength(3);
    expect(commands[0]).toContain('@examples/team-alpha.yaml');
    for (const command of commands.slice(1)) {
      const url = command.trim().split(' ').at(-1)!;
      expect((await fetch(url)).status).toBe(200);
    }
  });
});

async function finished(url: string): Promise<OperationView> {
  const endsAt = performance.now() + LIMIT_MS;
  while (performance.now() < endsAt) {
    const operation = (await (await fetch(url)).json()) as OperationView;
    if (!['NotStarted', 'Running'].includes(operation.status)) return operation;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} has not ended`);
}
