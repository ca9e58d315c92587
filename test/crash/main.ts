/**
 * `npm run crash`: kills the host (now and then the world too) at random moments while teams ask by both doors, and then looks that nothing was
 * lost, doubled, left untold or orphaned. What the world should hold at the end is found by a second run, in which nobody is killed.
 *
 *   --moments N   how often to kill (60)
 *   --seed N      repeats the choices of an earlier run; when things happen is up to the machine
 *   --speed N     world time against real time (60)
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { positiveNumber, readOptions } from '../../dev/options.js';
import { request } from '../support/builders.js';
import { Asks } from './asks.js';
import { Documents, END, type Findings, findings, readInventory } from './checks.js';
import { killAt, kindsOf } from './moments.js';
import { Platform } from './platform.js';
import { pause, type Random, random } from './random.js';
import { tellStories } from './stories.js';

const values = readOptions({
  moments: { type: 'string', default: '60' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
  speed: { type: 'string', default: '60' },
});
const moments = positiveNumber('--moments', values.moments);
const seed = Number(values.seed);
const speed = positiveNumber('--speed', values.speed);

const chanceOf = (part: string): Random => random(seed, part);
const began = performance.now();
const say = (text: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);

async function main(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hai-crash-'));
  say(`${moments} kills, seed ${seed}, ${speed} times real time, data in ${folder}`);
  const found = await runWithKills(folder);
  const isGood = Object.values(found.findings).every((one) => one.length === 0) && found.complaints.length === 0;
  for (const [name, lines] of Object.entries(found.findings))
    for (const line of lines) console.error(`${name}: ${line}`);
  for (const line of found.complaints) console.error(`wrong: ${line}`);
  const { lost, doubled, untold, orphaned } = found.findings;
  console.log(
    `${found.kills} kills (seed ${seed}): ${found.operations} operations, ${found.tickets} tickets, ${lost.length} lost, ${doubled.length} doubled, ${untold.length} untold, ${orphaned.length} orphaned`,
  );
  if (isGood) rmSync(folder, { recursive: true });
  else console.error(`The data and the logs of the processes stay in ${folder}`);
  return isGood;
}

interface Found {
  kills: number;
  operations: number;
  tickets: number;
  findings: Findings;
  complaints: string[];
}

async function runWithKills(folder: string): Promise<Found> {
  const platform = new Platform(folder, speed);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void platform.stop().then(() => process.exit(1));
    });
  await platform.start();
  const asks = new Asks(platform);
  const complaints: string[] = [];
  try {
    let kills = 0;
    const stage = { asks, platform, complain: (what: string) => complaints.push(what) };
    const stories = tellStories(stage, chanceOf, () => kills >= moments);
    for (const [index, kind] of kindsOf(moments, chanceOf('kinds')).entries()) {
      await killAt(kind, platform, asks, chanceOf(`moment ${index}`));
      kills++;
      if (kills % 10 === 0) say(`${kills} kills, ${asks.all.length} requests`);
    }
    await stories;
    say('the stories are told');
    const documents = await atRest(platform);
    say('everything is at rest');
    await heard(asks);
    const inventory = await readInventory(platform.outside);
    await platform.stop();
    const wanted = await runInPeace(path.join(folder, 'peace'), documents);
    say('the run without kills is over');
    return {
      kills,
      operations: documents.of('operation').length,
      tickets: asks.all.filter(({ door }) => door === 'bus').length,
      findings: findings(documents, asks, inventory, wanted),
      complaints: [...complaints, ...asks.complaints, ...platform.complaints],
    };
  } finally {
    await asks.close();
    await platform.stop();
  }
}

/** Real time; the longest wait of hai's own is one of minutes in the world. */
const REST_MS = 90_000;

/** The documents when nothing moves any more, or as they are when that takes too long: what still moves is a finding then. */
async function atRest({ outside }: Platform): Promise<Documents> {
  const endsAt = performance.now() + REST_MS;
  for (;;) {
    const documents = await Documents.read(outside);
    if (documents.isAtRest || performance.now() > endsAt) return documents;
    await pause(500);
  }
}

/** Events are on their way for a moment; who has not heard by then is not told. */
const HEARD_MS = 10_000;

async function heard(asks: Asks): Promise<void> {
  const endsAt = performance.now() + HEARD_MS;
  const tickets = asks.all.filter(({ door }) => door === 'bus').map(({ key }) => key);
  const isDeaf = (ticket: string) => !asks.events.get(ticket)?.some(({ type }) => END.test(type));
  while (tickets.some(isDeaf) && performance.now() < endsAt) await pause(200);
  // One that is told twice.
  await pause(500);
}

/** What the world has when the teams ask once for what they have in the end, and nobody is killed. */
async function runInPeace(folder: string, documents: Documents): Promise<string[]> {
  mkdirSync(folder);
  const platform = new Platform(folder, speed);
  await platform.start();
  const asks = new Asks(platform);
  try {
    for (const { name, intent } of documents.of('team'))
      if (intent) await asks.ask('http', request(name, { ...intent.spec }));
    for (const { ids } of asks.all) for (const id of ids) await asks.ended(id);
    await atRest(platform);
    return await readInventory(platform.outside);
  } finally {
    await asks.close();
    await platform.stop();
  }
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
