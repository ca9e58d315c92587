/**
 * What a page of a list costs when there is much: `npm run bench:lists` fills the store with 10,000 operations and 1,000 teams, walks through every
 * page of both lists, and prints the time and the request units of a page. Both are those of the embedded database, whose units are estimates.
 */
import { CosmosClient } from '@azure/cosmos';
import { runningClock } from '../local/clock.js';
import { startCosmos } from '../local/world/cosmos/index.js';
import type { Page, PageKey } from '../shared/application/store.js';
import { accessStore } from '../shared/store/access.js';

const TEAMS = 1_000;
const OPERATIONS_A_TEAM = 10;
const STEPS = 14;
const PAGE_SIZE = 50;

async function main(): Promise<void> {
  const databases = [{ id: 'hai', containers: [{ id: 'access', partitionKey: { paths: ['/team'] } }] }];
  const cosmos = await startCosmos({ clock: runningClock(), databases });
  const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
  const container = client.database('hai').container('access');
  for (let team = 0; team < TEAMS; team++) {
    const slug = `t${String(team).padStart(4, '0')}`;
    const documents = [
      teamDocument(slug),
      ...Array.from({ length: OPERATIONS_A_TEAM }, (_, nth) => operation(slug, nth)),
    ];
    const creates = documents.map((resourceBody) => ({ operationType: 'Create' as const, resourceBody }));
    await container.items.batch(creates, slug);
  }
  const store = accessStore(container);
  const units = () => cosmos.chargedRequestUnits();
  await walk('operations', (after) => store.listOperations({}, PAGE_SIZE, after), units);
  await walk(
    'operations that failed',
    (after) => store.listOperations({ phases: ['failed'] }, PAGE_SIZE, after),
    units,
  );
  await walk('teams', (after) => store.listTeams(PAGE_SIZE, after), units);
  client.dispose();
  await cosmos.close();
}

async function walk(
  what: string,
  read: (after?: PageKey) => Promise<Page<unknown>>,
  units: () => number,
): Promise<void> {
  const milliseconds: number[] = [];
  const before = units();
  let items = 0;
  let next: PageKey | undefined;
  do {
    const began = performance.now();
    const page = await read(next);
    milliseconds.push(performance.now() - began);
    items += page.items.length;
    next = page.next;
  } while (next);
  const p95 = milliseconds.sort((a, b) => a - b)[Math.floor(milliseconds.length * 0.95)]!;
  const each = (units() - before) / milliseconds.length;
  console.log(
    `${items} ${what} in ${milliseconds.length} pages: p95 ${p95.toFixed(0)} ms, ${each.toFixed(1)} RU a page`,
  );
}

const at = (second: number): string => new Date(Date.UTC(2027, 0, 1) + second * 1000).toISOString();

const teamDocument = (slug: string) => ({
  id: 'team',
  team: slug,
  type: 'team',
  name: `team-${slug}`,
  phase: 'Ready',
  createdAt: at(0),
  spec: { owner: 'lead@contoso.com', costCenter: 'CC-1', models: {} },
});

function operation(slug: string, nth: number) {
  const second = nth * TEAMS + Number(slug.slice(1));
  return {
    id: `${slug}_${String(nth).padStart(26, '0')}`,
    team: slug,
    type: 'operation',
    kind: 'provision-team-access',
    subject: `team-${slug}`,
    phase: nth % 5 === 4 ? 'failed' : 'succeeded',
    attempt: 1,
    origin: { door: 'http', requestedBy: 'lead@contoso.com' },
    createdAt: at(second),
    lastUpdatedAt: at(second),
    steps: Array.from({ length: STEPS }, (_, step) => ({
      id: `step-${step}`,
      status: 'succeeded',
      endedAt: at(second),
    })),
  };
}

void main();
