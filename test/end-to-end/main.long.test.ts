import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { build } from '../support/child.js';

const { main } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { main: string };
const { Values } = JSON.parse(readFileSync(path.join(ROOT, 'local.settings.sample.json'), 'utf8')) as {
  Values: Record<string, string>;
};

describe('main, as Core Tools would load it', () => {
  beforeAll(build);

  const load = (tier: string): string =>
    execFileSync(
      process.execPath,
      ['-e', `require(${JSON.stringify(path.join(ROOT, main))}); process.stdout.write('loaded')`],
      {
        env: { PATH: process.env['PATH'], ...Values, HAI_TIER: tier },
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );

  it.each(['all', 'api', 'worker'])('loads in tier %s with the settings of the sample alone', (tier) => {
    expect(load(tier)).toContain('loaded');
  });

  it('stops at its start when a setting is wrong, and names it', () => {
    expect(() => load('nonsense')).toThrow(/HAI_TIER/);
  });
});
