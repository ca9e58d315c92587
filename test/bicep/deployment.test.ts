/** What no machine here can run, read instead: workflows, azure.yaml and the scripts of the deployment. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../dev/paths.js';
import { readBicepFolder } from '../support/bicep.js';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  uses?: string;
  needs?: string[];
  steps?: Step[];
  permissions?: Record<string, string>;
  environment?: string;
  'timeout-minutes'?: number;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const workflowFolder = path.join(ROOT, '.github', 'workflows');
const workflows = readdirSync(workflowFolder).map((name) => {
  const text = readFileSync(path.join(workflowFolder, name), 'utf8');
  return { name, text, workflow: parse(text) as Workflow };
});
const workflow = (name: string) => workflows.find((one) => one.name === name)!.workflow;
const scripts = path.join(ROOT, 'bicep', 'scripts');
const outputs = readBicepFolder(path.join(ROOT, 'bicep'))
  .find(({ file }) => file === 'main.bicep')!
  .of('output')
  .map(({ name }) => name);

describe('the workflows', () => {
  const jobs = workflows.flatMap(({ name, workflow: { jobs } }) =>
    Object.entries(jobs).map(([id, job]) => [`${name} ${id}`, job] as const),
  );

  it.each(jobs)('%s is bounded, or calls another workflow that is there', (_name, job) => {
    if (job.uses) expect(existsSync(path.join(ROOT, job.uses))).toBe(true);
    else expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  it.each(jobs)('%s needs only jobs that exist', (name, job) => {
    const [file] = name.split(' ');
    for (const needed of job.needs ?? []) expect(workflow(file!).jobs).toHaveProperty(needed);
  });

  it.each(workflows)(
    '$name starts with the right to read, and keeps no secret',
    ({ text, workflow: { permissions } }) => {
      expect(permissions['contents']).toBe('read');
      expect(text).not.toContain('secrets.');
    },
  );

  it('pin every action to a version', () => {
    for (const { uses } of jobs.flatMap(([, job]) => job.steps ?? [])) if (uses) expect(uses).toMatch(/@v\d+/);
  });

  it('put nothing that a stranger may write into a shell', () => {
    for (const { run } of jobs.flatMap(([, job]) => job.steps ?? [])) expect(run ?? '').not.toContain('${{');
  });

  it('check, build and scan before anything is deployed, one environment after the other', () => {
    const { jobs: all } = workflow('deploy.yml');
    expect(all['dev']!.needs).toEqual(['check', 'bicep', 'scan']);
    expect(all['staging']!.needs).toEqual(['dev']);
    expect(all['production']!.needs).toEqual(['staging']);
  });

  it('sign in with OIDC', () => {
    const logins = jobs.flatMap(([, job]) => job.steps ?? []).filter(({ uses }) => uses?.startsWith('azure/login'));
    expect(logins).toHaveLength(2);
    for (const login of logins)
      expect(Object.keys(login.with!).sort()).toEqual(['client-id', 'subscription-id', 'tenant-id']);
  });

  it('look for drift by schedule, and fail on it', () => {
    const { on, jobs: all } = workflow('drift.yml');
    expect(on).toHaveProperty('schedule');
    expect(all['drift']).toMatchObject({ uses: './.github/workflows/what-if.yml', with: { 'fail-on-change': true } });
  });

  it('name variables that the environments’ parameters read', () => {
    const read = readBicepFolder(path.join(ROOT, 'bicep', 'environments')).flatMap(({ text }) =>
      // Those without a default.
      [...text.matchAll(/readEnvironmentVariable\('(\w+)'\)/g)].map((match) => match[1]!),
    );
    for (const name of ['what-if.yml', 'deploy-environment.yml', 'deploy.yml'])
      for (const variable of new Set(read))
        expect([name, readFileSync(path.join(workflowFolder, name), 'utf8')]).toEqual([
          name,
          expect.stringContaining(`${variable}:`),
        ]);
  });
});

describe('azure.yaml', () => {
  const project = parse(readFileSync(path.join(ROOT, 'azure.yaml'), 'utf8')) as {
    infra: { path: string; module: string };
    hooks: Record<string, { run: string }>;
    services: Record<string, { project: string; host: string; remoteBuild: boolean }>;
  };

  it('deploys both tiers from one package', () => {
    expect(Object.keys(project.services)).toEqual(['api', 'worker']);
    for (const service of Object.values(project.services))
      expect(service).toMatchObject({ project: 'dist/package', host: 'function', remoteBuild: false });
  });

  it('finds its parameters and its hooks', () => {
    expect(existsSync(path.join(ROOT, project.infra.path, `${project.infra.module}.bicepparam`))).toBe(true);
    for (const { run } of Object.values(project.hooks)) expect(existsSync(path.join(ROOT, run))).toBe(true);
  });
});

describe('the scripts', () => {
  const names = readdirSync(scripts);

  it.each(names)('%s stops at the first failure and may be run', (name) => {
    const text = readFileSync(path.join(scripts, name), 'utf8');
    expect(text).toMatch(/^#!\/usr\/bin\/env bash\n# /);
    expect(text).toContain('set -euo pipefail');
    expect(statSync(path.join(scripts, name)).mode & 0o111).not.toBe(0);
  });

  it.each(names)('%s needs only variables that main.bicep gives, or that the person sets', (name) => {
    const text = readFileSync(path.join(scripts, name), 'utf8');
    // Set by the person or the workflow, not by the deployment.
    const own = ['AZURE_LOCATION', 'NODE_VERSION', 'HAI_GPU_EXPORTER_IMAGE'];
    const needed = [
      ...text.matchAll(/(?:\$\{|require |process\.env\.)((?:HAI|AZURE|API|WORKER|SERVICE|NODE)_\w+)/g),
    ].map((match) => match[1]!);
    // `${WORKER_OBJECT_ID}` is also a placeholder of the manifests, which the script fills in.
    const placeholders = [...text.matchAll(/\\\$\{(\w+)\}/g)].map((match) => match[1]!);
    expect(needed.filter((one) => ![...outputs, ...own, ...placeholders].includes(one))).toEqual([]);
  });

  it('keep node_modules in the package', () => {
    const ignored = readFileSync(path.join(ROOT, '.funcignore'), 'utf8').split('\n');
    const rules = ignored.filter((line) => line !== '' && !line.startsWith('#'));
    // A name without a slash in front would also be left out of every module.
    expect(rules.filter((line) => !/^(\/|\*\.(ts|map)$)/.test(line) || line.includes('node_modules'))).toEqual([]);
  });
});
