import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, start } from '../support/child.js';

/** Every key that the simulated Azure mints carries this marker. */
const MARKER = 'SIMULATED-KEY';

interface Summary {
  passed: boolean;
  teams: { name: string; phase: string; worldSeconds: number }[];
  checks: { check: string; passed: boolean }[];
  ticket: { events: string[] };
}

describe('npm run demo', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hai-demo-test-'));
  const data = path.join(folder, 'data');
  const record = path.join(folder, 'requests.jsonl');
  let output: string;
  let summary: Summary;
  beforeAll(async () => {
    build();
    const demo = start('demo.js', ['--json', '--keep', '--speed', '150', '--data', data, '--record', record]);
    expect([await demo.exited, demo.output()]).toEqual([0, expect.any(String)]);
    output = demo.output();
    summary = JSON.parse(output.slice(output.indexOf('\n{\n'), output.lastIndexOf('\n}') + 2)) as Summary;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives both teams proven access', () => {
    expect(summary.passed).toBe(true);
    expect(summary.teams.map(({ name, phase }) => [name, phase])).toEqual([
      ['team-alpha', 'Ready'],
      ['team-beta', 'Ready'],
    ]);
    expect(summary.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(summary.checks.length).toBeGreaterThanOrEqual(15);
    expect(summary.ticket.events).toEqual(expect.arrayContaining(['accepted', 'step-completed', 'ready']));
  });

  it('takes the shared model its minutes of world time, for which only the team that wants it waits', () => {
    const [alpha, beta] = summary.teams;
    expect(beta!.worldSeconds).toBeGreaterThan(8 * 60);
    expect(alpha!.worldSeconds).toBeLessThan(beta!.worldSeconds);
  });

  it('records every request with its secrets masked', () => {
    const requests = readFileSync(record, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { method: string; path: string });
    expect(requests.filter(({ method }) => method === 'GET').length).toBeGreaterThan(50);
    expect(requests.filter(({ method }) => method === 'PUT').length).toBeGreaterThan(25);
    const connections = requests.filter(({ method, path: at }) => method === 'PUT' && /\/connections\/apim-/.test(at));
    expect(connections).toHaveLength(3);
    expect(readFileSync(record, 'utf8')).not.toContain(MARKER);
  });

  it('leaves no key anywhere but in the simulated Azure', () => {
    const holding = readdirSync(data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && readFileSync(path.join(entry.parentPath, entry.name)).includes(MARKER))
      .map(({ name }) => name.replace(/-(wal|shm)$/, ''));
    expect([...new Set(holding)]).toEqual(['azure.sqlite']);
    expect(readdirSync(data)).toEqual(
      expect.arrayContaining(['host.sqlite', 'cosmos.sqlite', 'broker.sqlite', 'azure.sqlite']),
    );
    expect(output).not.toContain(MARKER);
  });
});
