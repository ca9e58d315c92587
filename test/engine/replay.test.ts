/**
 * The orchestrations under the library's own replay, with activities that answer what the test says: every outcome at every place, take-overs,
 * dying children, clocks, bounds of ids and histories. What the activities themselves do is held by the other files of this folder.
 */
import { courseOf } from '../../shared/application/steps/course.js';
import type { Course, CourseStep, FrameAnswer } from '../../shared/contracts/activities.js';
import { instanceIdOf, modelPartition, operationId } from '../../shared/model/naming.js';
import { busy, type Outcome, pending, ready, refused, stopped } from '../../shared/model/outcome.js';
import { problem } from '../../shared/model/problem.js';
import { moves } from '../../shared/plan/moves.js';
import { teamAccess } from '../../shared/plan/team-access.js';
import { RESOURCES } from '../../shared/resources/index.js';
import { catalog, model, platform, request } from '../support/builders.js';
import { type Activity, DurableHost } from './support/durable-host.js';

const KIND = 'provision-team-access';
const HOUR = 3600;
/** A deadline that a step of these plans has. */
const DEADLINE_SECONDS = 900;

const step = (index: number, activity: CourseStep['activity'] = 'make'): CourseStep => ({
  step: index,
  activity,
  usualSeconds: 5,
  deadlineSeconds: DEADLINE_SECONDS,
});
const lane = (...steps: CourseStep[]) => ({ steps });
const FORWARD: Course = {
  direction: 'forward',
  stages: [
    { lanes: [lane(step(0), step(1)), lane(step(2, 'look'))] },
    { lanes: [lane(step(3))] },
    { enters: 'removal', lanes: [lane(step(4, 'remove'))] },
  ],
};
const BACK: Course = {
  direction: 'back',
  stages: [
    { lanes: [lane(step(3, 'remove'))] },
    { lanes: [lane(step(1, 'remove'), step(0)), lane(step(2, 'remove'))] },
  ],
};

const REFUSAL = refused(problem('refused-by-azure', 'No.'));
/** An answer, or an activity that the host says has failed. */
type Answer = FrameAnswer | 'thrown';
const OUTCOMES: Record<string, Answer> = {
  pending: pending('it'),
  'pending, to be looked at': pending('it', { resume: 'look', retryAfterSeconds: 7 }),
  busy: busy('TooManyRequests', 30),
  stopped,
  refused: REFUSAL,
  thrown: 'thrown',
};

/** What the documents would say, as far as the orchestrations can tell, and a script of what is answered instead. */
class Play {
  attempt = 1;
  direction: 'forward' | 'back' = 'forward';
  stop = false;
  pivot = false;
  ended: string | undefined;
  /** Everything that was answered `ready`, with its attempt. */
  readonly done: string[] = [];
  readonly called: string[] = [];
  readonly host: DurableHost;

  constructor(
    readonly script: (name: string, nth: number, activity: Activity) => Answer | undefined = () => undefined,
    readonly id = 'alpha_01',
    readonly course = { forward: FORWARD, back: BACK },
  ) {
    this.host = new DurableHost((activity) => this.#answer(activity));
  }

  start(): this {
    const { attempt, id } = this;
    this.host.start(KIND, instanceIdOf(id, attempt), { operationId: id, attempt }, undefined, '1');
    return this;
  }

  async run(isEnough?: () => boolean): Promise<this> {
    await this.start().host.settle(isEnough);
    return this;
  }

  /** How the newest attempt left. */
  get output(): unknown {
    return this.outputOf(this.attempt);
  }
  outputOf = (attempt: number) => (this.host.output(instanceIdOf(this.id, attempt)) as { phase?: string })?.phase;

  #answer(activity: Activity): unknown {
    const name = nameOf(activity);
    const nth = this.called.filter((one) => one === name).length;
    this.called.push(name);
    const scripted = this.script(name, nth, activity);
    if (scripted === 'thrown') throw new Error('The worker exited');
    const answer = activity.call['attempt'] === this.attempt ? (scripted ?? this.#usual(activity)) : stopped;
    this.#learn(activity, answer);
    if (answer.kind === 'ready') this.done.push(`${name} of ${activity.call['attempt']}`);
    return answer;
  }

  #usual({ name, call }: Activity): FrameAnswer {
    if (name === 'survey')
      return { kind: 'ready', course: { ...this.course[this.direction], ...(this.pivot && { isPivoted: true }) } };
    if (name !== 'record')
      return call['direction'] === this.direction && (!this.stop || this.pivot || this.direction === 'back')
        ? ready
        : stopped;
    if (this.ended) return { kind: 'ready', ended: this.ended as never };
    if (call['what'] === 'end')
      return this.direction === 'back'
        ? this.#end('failed')
        : this.stop && !this.pivot
          ? REFUSAL
          : this.#end('succeeded');
    if (call['what'] === 'enter') return this.stop && !this.pivot ? REFUSAL : ready;
    return call['what'] === 'turn' ? this.#turn(call['direction'] as string) : ready;
  }

  #turn(went: string): FrameAnswer {
    if (this.pivot || (this.direction === 'back' && went !== 'forward')) return this.#end('stuck');
    this.direction = 'back';
    this.stop = true;
    return { kind: 'ready', course: this.course.back };
  }

  #end(phase: string): FrameAnswer {
    this.ended = phase;
    return { kind: 'ready', ended: phase as never };
  }

  /** A refused step stops the operation; the pivot is written when a stage is entered. */
  #learn({ name, call }: Activity, answer: FrameAnswer): void {
    if (name === 'record' && call['what'] === 'enter' && answer.kind === 'ready') this.pivot = true;
    if (name === 'record' && call['what'] === 'give-up') this.stop = true;
    if (name !== 'record' && name !== 'survey' && answer.kind === 'refused' && this.direction === 'forward')
      this.stop = true;
  }
}

const nameOf = ({ name, call }: Activity): string =>
  name === 'record' ? String(call['what']) : name === 'survey' ? name : `${call['direction']} ${name} ${call['step']}`;

/** Fails at the last step before the pivot, so that all of it goes back. */
const failing = (name: string): Answer | undefined => (name === 'forward make 3' ? REFUSAL : undefined);

/** Names of a run without faults, in order. */
async function namesOf(script?: Play['script']): Promise<string[]> {
  return [...new Set((await new Play(script).run()).called)];
}

function expectAllEnded({ host }: Play): void {
  for (const { id, status } of host.instances.values()) expect(`${id} ${status}`).toBe(`${id} completed`);
}

describe('every outcome', () => {
  /** What a place makes of an outcome that is not simply waited for. */
  function expected(name: string, outcome: string, isBack: boolean): string {
    const usual = isBack ? 'failed' : 'succeeded';
    if (['pending', 'pending, to be looked at', 'busy', 'thrown'].includes(outcome)) return usual;
    const isFrame = !/^(forward|back) /.test(name);
    if (isFrame && (outcome === 'stopped' || name === 'claim' || name === 'admit')) return 'superseded';
    // On the way back, and after the pivot, nothing goes back any more.
    return /^back|^end$|^forward remove/.test(name) ? 'stuck' : 'failed';
  }

  /** At the first call of a place, or at the second, when it has been waited for. */
  const at =
    (place: string, outcome: string, waited: number): NonNullable<Play['script']> =>
    (name, nth) =>
      name !== place || nth > waited ? undefined : nth < waited ? pending('it') : OUTCOMES[outcome];
  const cases = Object.keys(OUTCOMES).flatMap((outcome) => [[outcome, 0] as const, [outcome, 1] as const]);

  it.each(cases)('at every place of the way forward: %s, waited for %i times', async (outcome, waited) => {
    for (const place of await namesOf()) {
      const play = await new Play(at(place, outcome, waited)).run();
      expect(`${place}: ${play.output}`).toBe(`${place}: ${expected(place, outcome, false)}`);
      expectAllEnded(play);
      const turn = play.called.indexOf('turn');
      if (turn >= 0) expect(play.called.slice(turn).filter((name) => /^forward/.test(name))).toEqual([]);
    }
  });

  it.each(cases)('at every place of the way back: %s, waited for %i times', async (outcome, waited) => {
    const names = await namesOf(failing);
    for (const place of names.slice(names.indexOf('turn'))) {
      const said = at(place, outcome, waited);
      const play = await new Play((name, nth, activity) => said(name, nth, activity) ?? failing(name)).run();
      expect(`${place}: ${play.output}`).toBe(`${place}: ${expected(place, outcome, true)}`);
      expectAllEnded(play);
    }
  });

  it('what is waited for is called again, at every place, and what has been written is only looked at', async () => {
    for (const outcome of ['busy', 'pending', 'pending, to be looked at', 'thrown'])
      for (const place of await namesOf()) {
        const play = await new Play((name, nth) => (name === place && nth < 3 ? OUTCOMES[outcome] : undefined)).run();
        const isLooked = outcome === 'pending, to be looked at' && /make/.test(place);
        const calls = (name: string) => play.called.filter((one) => one === name).length;
        expect(`${place} ${calls(place)}`).toBe(`${place} ${isLooked ? 1 : 4}`);
        if (isLooked) expect(calls(place.replace('make', 'look'))).toBe(1);
      }
  });

  it('of the record that gives a step up is waited for, or heeded', async () => {
    const late: Play['script'] = (name) => (/^forward (make|look) 3$/.test(name) ? pending('it') : undefined);
    for (const [outcome, phase] of [
      ['pending', 'failed'],
      ['busy', 'failed'],
      ['thrown', 'failed'],
      ['stopped', 'failed'],
    ] as const) {
      const play = new Play(
        (name, nth, activity) => at('give-up', outcome, 0)(name, nth, activity) ?? late(name, nth, activity),
      );
      expect(`${outcome}: ${(await play.run()).output}`).toBe(`${outcome}: ${phase}`);
      expectAllEnded(play);
    }
  });

  it('goes with the version of the root: children have it too', async () => {
    const play = await new Play((name, nth) => (/make/.test(name) && nth < 2 ? pending('it') : undefined)).run();
    expect(play.host.instances.size).toBeGreaterThan(4);
    for (const { id, version } of play.host.instances.values()) expect(`${id} ${version}`).toBe(`${id} 1`);
  });

  it('the operation’s other lanes go to their end before it turns', async () => {
    const play = await new Play((name) => (name === 'forward make 0' ? REFUSAL : undefined)).run();
    const turn = play.called.indexOf('turn');
    expect(play.called.indexOf('forward look 2')).toBeLessThan(turn);
    expect(play.called).not.toContain('forward make 1');
  });
});

describe('a take-over', () => {
  it.each([
    ['forward', undefined, 'succeeded'],
    ['back', failing, 'failed'],
  ] as const)(
    'at every point of the way %s: the former attempt does nothing more, the next one ends it',
    async (_, script, phase) => {
      const all = (await new Play(script).run()).called.length;
      for (let point = 0; point <= all; point++) {
        const play = new Play(script);
        await play.run(() => play.called.length >= point);
        if (play.ended) break;
        const before = play.done.length;
        play.attempt = 2;
        await play.run();
        expect(`${point}: ${play.output}`).toBe(`${point}: ${phase}`);
        expect(play.outputOf(1)).toBe('superseded');
        expect(play.done.slice(before).filter((name) => / of 1$/.test(name))).toEqual([]);
        expectAllEnded(play);
      }
    },
  );
});

describe('a child that dies', () => {
  it('is started again, wherever it is, and its siblings with it', async () => {
    const waiting: Play['script'] = (name, nth) => (/make|look/.test(name) && nth < 2 ? pending('it') : undefined);
    const children = [...(await new Play(waiting).run()).host.instances.keys()].slice(1);
    expect(children.length).toBeGreaterThan(4);
    for (const child of children) {
      const play = new Play(waiting);
      await play.run(() => play.host.instances.has(child));
      play.host.fail(child);
      await play.host.settle();
      expect(`${child}: ${play.output}`).toBe(`${child}: succeeded`);
    }
  });

  it('for ever fails its operation, which is then taken over', async () => {
    const play = new Play((name) => (name === 'forward make 3' ? pending('it') : undefined)).start();
    const root = play.host.instances.get('alpha_01-1')!;
    for (let death = 0; root.status === 'running' && death < 20; death++) {
      const isWaiting = () =>
        [...play.host.instances.values()].find(({ id, status }) => /:s3/.test(id) && status === 'running');
      await play.host.settle(() => isWaiting() !== undefined || root.status !== 'running');
      if (isWaiting()) play.host.fail(isWaiting()!.id);
    }
    await play.host.settle();
    expect(root.status).toBe('failed');
  });
});

describe('the clock of a step', () => {
  /** Answers of one step, by the seconds since its first call; the step is `make 3`, before the pivot. */
  async function timed(answerAt: (seconds: number) => Answer | undefined, script?: Play['script']) {
    let startMs: number | undefined;
    const play: Play = new Play((name, nth, activity) => {
      if (!/^forward (make|look) 3$/.test(name)) return script?.(name, nth, activity);
      startMs ??= play.host.nowMs;
      return answerAt((play.host.nowMs - startMs) / 1000);
    });
    await play.run();
    return { play, seconds: (play.host.nowMs - startMs!) / 1000 };
  }

  it('runs while the service has taken the call: then the step fails at its deadline', async () => {
    const { play } = await timed(() => pending('the thing'));
    expect(play.output).toBe('failed');
    const giveUp = play.host.activities.find(({ call }) => call['what'] === 'give-up')!;
    expect(giveUp.call['problem']).toMatchObject({
      code: 'deadline-exceeded',
      detail: expect.stringContaining('the thing'),
    });
    const [first] = play.host.activities.filter(({ call }) => call['step'] === 3);
    expect((giveUp.atMs - first!.atMs) / 1000).toBe(DEADLINE_SECONDS);
  });

  it.each([
    ['20 minutes of 429', 20 * 60, busy('TooManyRequests', 60)],
    ['an hour of 503', HOUR, busy('ServiceUnavailable')],
    ['five hours of conflicts', 5 * HOUR, busy('Conflict', 1)],
  ])('stands while it is busy: %s never fail a step', async (_, seconds, answer) => {
    const { play } = await timed((at) => (at < seconds ? answer : undefined));
    expect(play.output).toBe('succeeded');
  });

  it('counts only what was pending when both alternate', async () => {
    let calls = 0;
    const { play, seconds } = await timed(() =>
      calls++ % 2 ? busy('Conflict', 60) : pending('it', { retryAfterSeconds: 60 }),
    );
    expect(play.output).toBe('failed');
    expect(seconds).toBeGreaterThan(1.9 * DEADLINE_SECONDS);
  });

  it('gives a busy operation six hours on its way forward', async () => {
    const { play, seconds } = await timed(() => busy('TooManyRequests', 60));
    expect(play.output).toBe('failed');
    expect(seconds).toBeGreaterThanOrEqual(6 * HOUR);
    expect(seconds).toBeLessThan(6.2 * HOUR);
    expect(play.host.activities.find(({ call }) => call['what'] === 'give-up')!.call['problem']).toMatchObject({
      azureCode: 'TooManyRequests',
    });
  });

  it('lets the six hours be the operation’s, not the step’s', async () => {
    const busyFor = (seconds: number) => {
      let endMs = 0;
      return (nowMs: number) => {
        endMs ||= nowMs + seconds * 1000;
        return nowMs < endMs ? busy('Conflict', 60) : undefined;
      };
    };
    const [first, second] = [busyFor(4 * HOUR), busyFor(3 * HOUR)];
    const play: Play = new Play((name) => {
      if (/ 0$/.test(name)) return first(play.host.nowMs);
      return name === 'forward make 3' ? second(play.host.nowMs) : undefined;
    });
    expect((await play.run()).output).toBe('failed');
  });

  it.each(['back remove 3', 'forward remove 4'])(
    'never ends a busy %s: operators hear of it every six hours',
    async (place) => {
      let startMs = 0;
      const script: Play['script'] = (name) => {
        if (name !== place) return /^back/.test(place) ? failing(name) : undefined;
        startMs ||= play.host.nowMs;
        return play.host.nowMs - startMs < 25 * HOUR * 1000 ? busy('Conflict', 60) : undefined;
      };
      const play: Play = new Play(script);
      await play.run();
      expect(play.output).toBe(/^back/.test(place) ? 'failed' : 'succeeded');
      const alerts = play.host.activities.filter(({ call }) => call['what'] === 'overdue');
      expect(alerts.map(({ call }) => call['hours'])).toEqual([6, 12, 18, 24]);
      expect(alerts[0]!.call).toMatchObject({ code: 'Conflict', step: Number(place.at(-1)) });
      expect((alerts[0]!.atMs - startMs) / 1000 / HOUR).toBeCloseTo(6, 1);
    },
  );

  it('never ends bookkeeping: the store is waited for as long as it must', async () => {
    let startMs = 0;
    const play: Play = new Play((name) => {
      if (name !== 'end') return undefined;
      startMs ||= play.host.nowMs;
      return play.host.nowMs - startMs < 30 * HOUR * 1000 ? busy('ServiceUnavailable') : undefined;
    });
    expect((await play.run()).output).toBe('succeeded');
  });
});

describe('a sleep', () => {
  /** Seconds of the sleeps while one step answers so. */
  async function sleepsFor(answer: Outcome, times: number): Promise<number[]> {
    const play = await new Play((name, nth) => (name === 'forward make 3' && nth < times ? answer : undefined)).run();
    expect(play.output).toBe('succeeded');
    return play.host.sleeps;
  }

  it('is never shorter than what the service asks for, and follows it for an hour at most', async () => {
    expect(Math.min(...(await sleepsFor(busy('TooManyRequests', 100), 15)))).toBeGreaterThanOrEqual(100);
    expect(await sleepsFor(busy('TooManyRequests', 86_400), 3)).toEqual([HOUR, HOUR, HOUR]);
  });

  it('is bounded by the time that is left to the step', async () => {
    expect(await sleepsFor(pending('it', { retryAfterSeconds: 86_400 }), 1)).toEqual([DEADLINE_SECONDS]);
  });

  it('is of minutes by our own choice, of seconds at first', async () => {
    const busySleeps = await sleepsFor(busy('Conflict'), 200);
    expect(busySleeps[0]).toBeLessThanOrEqual(7);
    expect(Math.max(...busySleeps)).toBeLessThanOrEqual(120);
  });

  it('of a lane lasts until its slot has come', async () => {
    const slotMs = new DurableHost(() => undefined).nowMs + 90_000;
    const notBefore = new Date(slotMs).toISOString();
    const [first, ...rest] = FORWARD.stages;
    const forward: Course = {
      ...FORWARD,
      stages: [{ lanes: [first!.lanes[0]!, { ...first!.lanes[1]!, notBefore }] }, ...rest],
    };
    const play = await new Play(undefined, 'alpha_01', { forward, back: BACK }).run();
    expect(play.output).toBe('succeeded');
    const at = (index: number) => play.host.activities.find(({ call }) => call['step'] === index)!.atMs;
    expect([at(0) < slotMs, at(2)]).toEqual([true, slotMs]);
  });
});

describe('bounds', () => {
  const LARGEST = request('team-a234567890123456789012', {
    members: Array.from({ length: 20 }, (_, n) => ({
      type: 'Group',
      objectId: `11111111-2222-3333-4444-${String(n).padStart(12, '0')}`,
    })),
    models: { kaito: { models: Array.from({ length: 50 }, (_, n) => model(`model-${n}`)) } },
  });
  const plan = teamAccess(
    { team: LARGEST.metadata.name, slug: 'a234567890123456789012', spec: LARGEST.spec as never, keyGeneration: 1 },
    catalog,
    platform,
  );
  const largest = moves([], plan, RESOURCES);
  const entries = largest.flat(2).map(({ key }) => ({ key }) as never);
  const course = { forward: courseOf(largest, 'forward', entries), back: courseOf(largest, 'back', entries) };
  const last = largest.flat(2).at(-1)!.index;
  /** Everything waits thrice, and the last step fails, so that all goes back. */
  const slow: Play['script'] = (name, nth) => {
    if (name.endsWith(` ${last}`)) return REFUSAL;
    return nth < 3 ? pending('it', { retryAfterSeconds: 1 + nth }) : undefined;
  };
  const LONGEST = operationId(modelPartition('m'.repeat(40)), '0'.repeat(26));

  it('a history stays under 1,000 events for the largest plan, forward and back', async () => {
    const play = await new Play(slow, LONGEST, course).run();
    expect(play.output).toBe('failed');
    expect(play.done.length).toBeGreaterThan(2 * 100);
    for (const [name, events] of play.host.eventsMax) expect(`${name} ${events < 1000}`).toBe(`${name} true`);
  });

  it('an instance id stays within 100 characters for the longest names, restarts and all', async () => {
    const play = new Play(
      (name, nth, activity) => (name === 'give-up' && nth < 3 ? busy('x') : slow(name, 3 + nth, activity)),
      LONGEST,
      course,
    );
    play.attempt = 99;
    await play.run(() => play.called.includes(`forward look ${last}`));
    const ids = [...play.host.instances.keys()];
    const restarts = 'r10';
    const longest = `${instanceIdOf(LONGEST, 99)}:l${largest.flat().length}${restarts}:s${last}${restarts}:give-up`;
    for (const id of [...ids, longest]) expect(`${id} ${id.length <= 100}`).toBe(`${id} true`);
  });
});
