/**
 * `npm run demo`: two teams ask at the same time, one by HTTP and one by ticket; every step is shown; then everything that they were promised
 * is proved from outside. Exits 0 only if all of it holds.
 */
import './require-node.js';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ModelView, OperationView, TeamView } from '../shared/contracts/api.js';
import { appSettings } from './app-settings.js';
import { failWith, logProblems } from './command.js';
import { prepareDataFolder } from './data-folder.js';
import { type Check, checkTeam } from './demo/checks.js';
import { followOperation, type StepChange } from './demo/follow.js';
import { type Summary, stepLine, summaryText } from './demo/screen.js';
import { ticketing } from './demo/ticketing.js';
import { positiveNumber, readOptions } from './options.js';
import { ROOT } from './paths.js';
import { type RunningPlatform, startPlatform } from './platform.js';

const values = readOptions({
  speed: { type: 'string', default: '60' },
  json: { type: 'boolean', default: false },
  record: { type: 'string' },
  data: { type: 'string' },
  keep: { type: 'boolean', default: false },
});

const TICKET = 'TICKET-1042';
/** Members of the two teams' groups in `world.yaml`. */
const ALPHA_MEMBER = 'a1a1a1a1-0000-4000-8000-00000000000a';
const BETA_MEMBER = 'b2b2b2b2-0000-4000-8000-00000000000b';
/** Longest the demo may take in world time: a shared model has 90 minutes, everything else is far quicker. */
const LIMIT_WORLD_MS = 2 * 3600_000;

/** Progress goes to the terminal, or, when the result is JSON, to standard error. */
const say = (text: string): void => (values.json ? console.error(text) : console.log(text));

async function main(): Promise<boolean> {
  const startedAt = performance.now();
  const dataFolder = values.data ?? mkdtempSync(path.join(tmpdir(), 'hai-demo-'));
  if (values.data) prepareDataFolder(values.data, true);
  if (values.record) writeFileSync(values.record, '');
  const speed = positiveNumber('--speed', values.speed);
  const platform = await startPlatform({
    dataFolder,
    speed,
    port: 0,
    apimActivating: true,
    record: values.record ? (entry) => appendFileSync(values.record!, `${JSON.stringify(entry)}\n`) : undefined,
    log: logProblems,
  });
  try {
    const startupSeconds = (performance.now() - startedAt) / 1000;
    say(`The platform is up after ${startupSeconds.toFixed(1)} s; API Management is still activating.\n`);
    const summary = await runDemo(platform, speed, startedAt, startupSeconds);
    console.log(values.json ? JSON.stringify(summary, null, 2) : summaryText(summary));
    return summary.passed;
  } finally {
    await platform.close();
    if (!values.keep && !values.data) rmSync(dataFolder, { recursive: true });
    else say(`\nThe data stays in ${dataFolder}`);
  }
}

async function runDemo(
  platform: RunningPlatform,
  speed: number,
  startedAt: number,
  startupSeconds: number,
): Promise<Summary> {
  const { clock, world, host } = platform;
  const api = `${host.url}/api/v1`;
  const limitMs = LIMIT_WORLD_MS / speed;
  const beganMs = clock.now();
  const worldSeconds = () => (clock.now() - beganMs) / 1000;
  const show = (change: StepChange) => say(stepLine(change, worldSeconds()));
  const before = new Set(world.azure.inventory());
  const tickets = ticketing(world.broker.connectionString);
  try {
    const [alpha, beta] = await Promise.all([
      requestByHttp(api).then((url) => followOperation(url, show, limitMs)),
      requestByTicket(api, tickets, limitMs).then((url) => followOperation(url, show, limitMs)),
      followSharedModel(api, 'mistral-7b', show, limitMs),
    ]);
    const teams = await Promise.all(
      ['team-alpha', 'team-beta'].map((name) => getJson<TeamView>(`${api}/teams/${name}`)),
    );
    const checks = await prove(teams as [TeamView, TeamView], world);
    const answered = await tickets.waitFor(TICKET, 'com.contoso.hai.access.ready.v1', 5_000).then(
      () => true,
      () => false,
    );
    checks.push({ team: 'team-beta', check: 'the ticket is told that it is ready', passed: answered, detail: TICKET });

    const operations = (await getJson<{ value: OperationView[] }>(`${api}/operations`)).value;
    const isReady = alpha.status === 'Succeeded' && beta.status === 'Succeeded';
    return {
      passed: isReady && checks.every(({ passed }) => passed),
      teams: [alpha, beta].map((operation, index) => ({
        name: operation.subject,
        phase: teams[index]!.phase,
        worldSeconds: secondsOf(operation),
        steps: operation.steps.length,
        operation: operation.id,
      })),
      operations: operations.map((operation) => ({
        id: operation.id,
        kind: operation.kind,
        status: operation.status,
        worldSeconds: secondsOf(operation),
      })),
      checks,
      ticket: { id: TICKET, events: tickets.eventsOf(TICKET).map(({ type }) => type.split('.').at(-2) ?? type) },
      resources: world.azure.inventory().filter((id) => !before.has(id)),
      times: {
        worldSeconds: worldSeconds(),
        realSeconds: (performance.now() - startedAt) / 1000,
        startupSeconds,
        speed,
      },
    };
  } finally {
    await tickets.close();
  }
}

async function requestByHttp(api: string): Promise<string> {
  const response = await fetch(`${api}/access-requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/yaml' },
    body: readFileSync(path.join(ROOT, 'examples', 'team-alpha.yaml')),
  });
  if (response.status !== 202)
    throw new Error(`The request of team-alpha was answered ${response.status}: ${await response.text()}`);
  say('team-alpha asked by HTTP (examples/team-alpha.yaml)');
  return response.headers.get('operation-location')!;
}

/** The ticketing system learns the operation from the first event for its ticket. */
async function requestByTicket(api: string, tickets: ReturnType<typeof ticketing>, limitMs: number): Promise<string> {
  await tickets.file(TICKET, readFileSync(path.join(ROOT, 'examples', 'team-beta.yaml'), 'utf8'));
  say(`team-beta asked by Service Bus message (examples/team-beta.yaml, ${TICKET})`);
  const accepted = await tickets.waitFor(TICKET, 'com.contoso.hai.access.accepted.v1', limitMs);
  return `${api}/operations/${(accepted.data as { operationId: string }).operationId}`;
}

/** The deployment of the shared model is an operation of its own, named by the model list once it has begun. */
async function followSharedModel(api: string, model: string, show: (change: StepChange) => void, limitMs: number) {
  const endsAt = performance.now() + limitMs;
  while (performance.now() < endsAt) {
    const { value } = await getJson<{ value: ModelView[] }>(`${api}/models`);
    const url = value.find(({ name }) => name === model)?.deployment?.operation;
    if (url) return followOperation(url, show, limitMs);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`The deployment of ${model} has not begun`);
}

async function prove([alpha, beta]: [TeamView, TeamView], world: RunningPlatform['world']): Promise<Check[]> {
  const settings = appSettings(world);
  const outside = {
    controlUrl: world.azure.controlUrl,
    armUrl: world.azure.armUrl,
    azureSubscriptionId: settings['HAI_AZURE_SUBSCRIPTION_ID']!,
    teamsResourceGroup: settings['HAI_TEAMS_RESOURCE_GROUP']!,
  };
  return [
    ...(await checkTeam(alpha, ALPHA_MEMBER, BETA_MEMBER, outside)),
    ...(await checkTeam(beta, BETA_MEMBER, ALPHA_MEMBER, outside)),
  ];
}

async function getJson<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

const secondsOf = ({ createdAt, endedAt }: OperationView): number =>
  endedAt ? (Date.parse(endedAt) - Date.parse(createdAt)) / 1000 : 0;

main()
  .then((passed) => process.exit(passed ? 0 : 1))
  .catch(failWith('\nThe demo failed'));
