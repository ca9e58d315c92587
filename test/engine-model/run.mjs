// Explores the protocol before anybody trusts the code: every configuration breadth first, two at a time and bounded in states, then seeded walks
// through the two large ones, then the key renewal. Ends with 1 at the first violation. `node run.mjs [minutes]` (default 2.5).
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CONFIGS } from './configs.mjs';

const LARGE = ['big', 'bigRetry'];
const AT_ONCE = 2;
/** Enough to finish most configurations; what is larger is cut, and says so. */
const STATES_MAX = 60_000;
const endsAtMs = Date.now() + Number(process.argv[2] ?? 2.5) * 60_000;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const run = (args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--max-old-space-size=3000', here('explore.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
    });
    child.on('close', (code) => resolve({ code, text }));
  });

const jobs = [
  ...Object.keys(CONFIGS)
    .filter((name) => !LARGE.includes(name))
    .map((name) => [name, String(STATES_MAX), '--minutes=0.3']),
  ...LARGE.map((name) => ['walk', name, '20000', '1200', '--minutes=0.2']),
];
let right = 0;
let left = 0;
const wrong = [];
async function worker() {
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    if (Date.now() > endsAtMs) {
      left++;
      continue;
    }
    const { code, text } = await run(job);
    const isRight = code === 0 && / 0 (violations|kinds of violation)/.test(text);
    console.log(text.split('\n').find((line) => /^(bfs|walk)/.test(line)) ?? `${job}: exit ${code}`);
    if (isRight) right++;
    else wrong.push(text);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, worker));
const { explore, RULES } = await import('./rotate.mjs');
for (const waits of [true, false]) {
  const { found, states } = explore({ ...Object.fromEntries(Object.keys(RULES).map((rule) => [rule, true])), waits });
  console.log(`rotate (${waits ? 'each step waits' : 'only the end waits'}): ${states} states, ${found || 'right'}`);
  if (found) wrong.push(`rotate: ${found}`);
  else right++;
}
for (const text of wrong) console.log(text);
console.log(`${right} right, ${wrong.length} wrong, ${left} not reached in time`);
process.exit(wrong.length > 0 ? 1 : 0);
