/**
 * The real plans on a small world, at every step of them: each is refused; each transaction and each write is the last that a process does, hears
 * no answer, or is where a take-over or a cancel comes; then several faults at once, seeded. The steps are discovered from a good run, so a
 * new one is covered without a new test.
 */
import { cancelOperation } from '../../shared/application/decide.js';
import { retireIdleModels } from '../../shared/application/shared-models.js';
import { takeOver } from '../../shared/application/take-over.js';
import { isHeld } from '../../shared/model/ledger.js';
import { isAtRest } from '../../shared/model/operation.js';
import { ProblemError } from '../../shared/model/problem.js';
import { IDLE_GRACE_SECONDS, MODEL_DOCUMENT_ID, type ModelDocument } from '../../shared/model/shared-model.js';
import { RESOURCES, tableOf } from '../../shared/resources/index.js';
import type { Kind } from '../../shared/resources/resource.js';
import { GROUP, model } from '../support/builders.js';
import { Hai, SLUG, TEAM } from './support/hai.js';
import { failure, type Match, type Point, type Points } from './support/points.js';
import { type Thing, type ToySpec, toyCheck, toyKind, type World } from './support/world.js';

/** Ids that count: a story is the same each time it is told, and told fast. */
jest.mock('ulid', () => {
  let count = 0;
  const padded = (number: number, length: number) => number.toString(32).toUpperCase().padStart(length, '0');
  const ulid = (nowMs: number) => `${padded(nowMs, 10)}${padded(++count, 16)}`;
  return { ulid, monotonicFactory: () => ulid };
});

/** Real for the engine's sake: the subscription asks for holds, the membership for the model's document. */
const REAL = ['subscription', 'model-membership'];
const SLOW_TO_LEAVE = ['foundry-account', 'team-key', 'workspace'];
const SOFT_DELETED = ['foundry-account', 'team-key'];

/** The table of the product, with what its kinds say of themselves, over the small world. */
function likeReal(world: World, points: Points) {
  const kinds = [...RESOURCES.resources.values()].map((real) => {
    if (REAL.includes(real.kind)) return real;
    const { kind, ready, spec, title, parent, compares, mayExistElsewhere, patience, removal, armWrites } =
      real as Kind<ToySpec, Thing>;
    return toyKind(world, kind, {
      ...{ spec, title, parent, compares, mayExistElsewhere, patience, removal, armWrites },
      ...(ready && { readySeconds: 20 }),
      ...(SLOW_TO_LEAVE.includes(kind) && { leavesSeconds: 45 }),
      softDeletes: SOFT_DELETED.includes(kind),
    });
  });
  const checks = [...RESOURCES.checks.values()].map(({ kind, patience }) => toyCheck(points, kind, patience));
  return tableOf(kinds, checks);
}

const MODEL = 'mistral-7b';
const MODEL_PARTITION = `model_${MODEL}`;
const modelDocument = (hai: Hai) => hai.store.peek<ModelDocument>(MODEL_PARTITION, MODEL_DOCUMENT_ID)?.document;

interface Story {
  partition: string;
  owner: string;
  /** What was before the operation that is looked at. */
  after?: keyof typeof BEFORE;
  ask(hai: Hai): Promise<string>;
  /** This check is refused at last, so that all goes back; only from there on it is looked at. */
  refused?: string;
  phase: 'succeeded' | 'failed';
  /** The subject holds something after it. */
  isHeldAfter: boolean;
}

const ofTeam = { partition: SLUG, owner: TEAM };
const ofModel = { partition: MODEL_PARTITION, owner: `model ${MODEL}` };

/** Two providers, a member: everything that a plan can have. The shared model runs already. */
async function askFirst(hai: Hai): Promise<string> {
  const runs = { ...RUNNING_MODEL, createdAt: '', lastUpdatedAt: '' } as ModelDocument;
  if (!modelDocument(hai)) hai.store.put(MODEL_PARTITION, runs);
  const models = { foundry: { models: [model('gpt-4.1')] }, kaito: { models: [model(MODEL)] } };
  return hai.request('CC-1', { members: [GROUP], models });
}
const RUNNING_MODEL = {
  ...{ id: MODEL_DOCUMENT_ID, team: MODEL_PARTITION, type: 'model', name: MODEL, phase: 'Ready', generation: 1 },
  ...{ operationId: '', members: {}, queue: [], address: '', workspace: '' },
};
/** Less of everything, and other limits: something is made, something else taken away. */
const askLess = (hai: Hai) =>
  hai.request('CC-1', { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute: 5000 })] } } });
async function askModel(hai: Hai): Promise<string> {
  await hai.services.sharedModels.join(MODEL, SLUG);
  return modelDocument(hai)!.operationId;
}
async function askRetirement(hai: Hai): Promise<string> {
  await hai.services.sharedModels.leave(MODEL, SLUG);
  hai.driver.time.skip(IDLE_GRACE_SECONDS + 1);
  await retireIdleModels(hai.services);
  return modelDocument(hai)!.operationId;
}

/** Where stories begin that do not begin with nothing: made once, and gone on from by each. */
const BEFORE = { settled: new Hai(likeReal), deployed: new Hai(likeReal) };
beforeAll(async () => {
  await BEFORE.settled.finish(await askFirst(BEFORE.settled));
  await BEFORE.deployed.finish(await askModel(BEFORE.deployed));
});
const done = { phase: 'succeeded' as const, isHeldAfter: true };

const STORIES: Record<string, Story> = {
  'a first request': { ...ofTeam, ask: askFirst, ...done },
  'a first request, going back': { ...ofTeam, ask: askFirst, refused: 'proof', phase: 'failed', isHeldAfter: false },
  'a change': { ...ofTeam, after: 'settled', ask: askLess, ...done },
  'a change, going back': {
    ...ofTeam,
    after: 'settled',
    ask: askLess,
    refused: 'proof',
    phase: 'failed',
    isHeldAfter: true,
  },
  'an end': { ...ofTeam, after: 'settled', ask: (hai) => hai.removal(), phase: 'succeeded', isHeldAfter: false },
  'a deployment': { ...ofModel, ask: askModel, ...done },
  'a deployment, going back': {
    ...ofModel,
    ask: askModel,
    refused: 'model-answers',
    phase: 'failed',
    isHeldAfter: false,
  },
  'a retirement': { ...ofModel, after: 'deployed', ask: askRetirement, phase: 'succeeded', isHeldAfter: false },
};

interface Told {
  story: Story;
  hai: Hai;
  id: string;
  /** Transactions and writes that were looked at. */
  count: number;
  /** What was written meanwhile, by name. */
  written: string[];
}

/** A transaction or a write of the story's own operation. Events are another matter: publishing is never a condition of the work. */
const isOf = ({ partition }: Story, { labels: [first], run }: Point): boolean =>
  first !== undefined &&
  !/^(read|list|check|publish)/.test(first) &&
  run?.call.operationId.startsWith(`${partition}_`) === true;

/** Tells a story to its end; `faults` are given the numbers of the transactions and writes as they come. */
async function tell(story: Story, faults: (hai: Hai, at: (nth: number) => Match) => void = () => {}): Promise<Told> {
  const hai = new Hai(likeReal);
  if (story.after) hai.continues(BEFORE[story.after]);
  const numbers = new Map<number, number>();
  let isFrom = !story.refused;
  const refuse = () =>
    hai.points.before(`check ${story.refused}`, (point) => {
      isFrom = true;
      refuse();
      throw failure(point, 400);
    });
  if (story.refused) refuse();
  hai.points.onPoint = (point) => {
    hai.driver.time.skip(0.001);
    if (isFrom && isOf(story, point)) numbers.set(point.seq, numbers.size);
  };
  faults(
    hai,
    (nth) =>
      ({ seq }) =>
        numbers.get(seq) === nth,
  );
  const id = await story.ask(hai);
  await hai.rest();
  return { story, hai, id, count: numbers.size, written: hai.world.effects.map(({ label }) => label) };
}

function expectEnded({ story, hai, id }: Told, phase: string = story.phase): void {
  expect(hai.operation(id)).toMatchObject({ phase });
  expect(hai.wrongs()).toEqual([]);
  const held = hai.entries().filter((entry) => isHeld(entry) && entry.team === story.partition);
  const isHeldAfter = phase === story.phase ? story.isHeldAfter : story.after !== undefined;
  expect(held.length > 0).toBe(isHeldAfter);
  expect(hai.world.all().some(({ owner }) => owner === story.owner)).toBe(isHeldAfter);
}

/** Nothing is written more often than in a good run, but for the calls that nobody heard of. */
const expectNothingTwice = ({ written }: Told, good: Told, unheard: number): void =>
  expect(written.length - good.written.length).toBeLessThanOrEqual(unheard);

const rootOf = ({ run }: Point): string => run!.instanceId.split(':')[0]!;
const overtake = (hai: Hai, { run }: Point) => takeOver(hai.operation(run!.call.operationId), 'the test', hai.services);

/** False when it comes too late: it has ended, or has begun to remove. */
async function cancel(hai: Hai, id: string): Promise<boolean> {
  try {
    await cancelOperation(id, hai.services);
    return true;
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}

describe.each(Object.entries(STORIES))('%s', (_, story) => {
  let good: Told;
  beforeAll(async () => {
    good = await tell(story);
  });

  it('ends as it should', () => {
    expectEnded(good);
    expect(good.count).toBeGreaterThan(10);
  });

  it.each(['before', 'after'] as const)('goes on when the process dies right %s any of them', async (side) => {
    for (let nth = 0; nth < good.count; nth++) {
      const told = await tell(story, (hai, at) => hai.points[side](at(nth), (point) => hai.driver.kill(rootOf(point))));
      expectEnded(told);
      // A stage has at most three lanes that write at the same time.
      expectNothingTwice(told, good, 3);
    }
  });

  it('goes on when no answer is heard of any of them', async () => {
    for (let nth = 0; nth < good.count; nth++) {
      const told = await tell(story, (hai, at) => hai.points.unanswered(at(nth)));
      expectEnded(told);
      expectNothingTwice(told, good, 1);
    }
  });

  it('goes on when it is taken over though it lives, at any of them', async () => {
    for (let nth = 0; nth < good.count; nth++) {
      const told = await tell(story, (hai, at) => hai.points.before(at(nth), (point) => overtake(hai, point)));
      expectEnded(told);
      expectNothingTwice(told, good, 3);
    }
  });

  it('ends clean when it is canceled at any of them', async () => {
    for (let nth = 0; nth < good.count; nth++) {
      let isCanceled = false;
      const told = await tell(story, (hai, at) =>
        hai.points.before(at(nth), async ({ run }) => {
          isCanceled = await cancel(hai, run!.call.operationId);
        }),
      );
      // What walks back already goes on as it did.
      const isHeard = isCanceled && told.hai.operation(told.id).stop !== 'failed';
      expectEnded(told, isHeard ? 'canceled' : story.phase);
    }
  });
});

describe('a step that is refused', () => {
  it.each(['a first request', 'a deployment'])(
    'lets %s end failed with its cause, and nothing of it is left',
    async (name) => {
      const story = STORIES[name]!;
      const { hai: good } = await tell(story);
      const steps = new Set(
        good.points.log.map(({ labels }) => labels[0] ?? '').filter((one) => /^(create|change|check) /.test(one)),
      );
      expect(steps.size).toBeGreaterThan(8);
      for (const step of steps) {
        const told = await tell(story, (hai) => hai.points.refuse(step));
        expect(`${step}: ${told.hai.operation(told.id).error?.code}`).toBe(`${step}: refused-by-azure`);
        expectEnded({ ...told, story: { ...story, phase: 'failed', isHeldAfter: false } });
      }
    },
  );
});

describe('several faults at once', () => {
  const SEEDS = 160;
  const FAULTS = 4;

  /** A small generator of numbers (mulberry32): a seed tells the same story for ever. */
  function numbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
    };
  }

  /** A call on its way lands within the time that a note allows for, or never. */
  function late(hai: Hai, match: Match, seconds: number): void {
    hai.points.before(match, async (point, effect) => {
      if (seconds < LATEST_SECONDS)
        void hai.driver.time.sleepUntil(hai.driver.time.nowMs + seconds * 1000).then(() => {
          try {
            effect();
          } catch {
            // Its condition refuses it.
          }
        });
      throw failure(point, undefined);
    });
  }
  const LATEST_SECONDS = 100;
  /** Less than a note stands, and a run may take. */
  const STALLED_SECONDS = 220;

  it.each(Object.keys(STORIES))('%s ends, and ledger and world agree', async (name) => {
    const story = STORIES[name]!;
    const good = await tell(story);
    for (let seed = 1; seed <= SEEDS / Object.keys(STORIES).length; seed++) {
      const pick = numbers(seed);
      const told = await tell(story, (hai, at) => {
        for (let fault = 0; fault < FAULTS; fault++) {
          const match = at(pick(good.count + 5));
          const side = pick(2) ? 'before' : 'after';
          // A run that stalls and then goes on is what the ledger's fence is for.
          const stall = pick(2) * pick(STALLED_SECONDS);
          const then = (what: (point: Point) => unknown) => async (point: Point) => {
            await what(point);
            if (stall) await hai.driver.time.sleepUntil(hai.driver.time.nowMs + stall * 1000);
          };
          const how = [
            () => hai.points[side](match, (point) => hai.driver.kill(rootOf(point))),
            () =>
              hai.points[side](
                match,
                then((point) => hai.driver.terminate(rootOf(point))),
              ),
            () =>
              hai.points[side](
                match,
                then((point) => point.run!.abandon()),
              ),
            () =>
              hai.points[side](
                match,
                then((point) => overtake(hai, point)),
              ),
            () => hai.points.unanswered(match),
            () => hai.points.refuse(match, 503),
            () => late(hai, match, pick(LATEST_SECONDS + 20)),
          ];
          how[pick(how.length)]!();
        }
      });
      const { hai, id } = told;
      const said = `seed ${seed}: ${hai.operation(id).phase} ${hai.wrongs()}`;
      expect(said).toBe(`seed ${seed}: ${story.phase} `);
      expect(hai.store.all<{ phase: never }>('operation').every(({ phase }) => isAtRest(phase))).toBe(true);
    }
  });
});
