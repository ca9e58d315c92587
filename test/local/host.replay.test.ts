import fc from 'fast-check';
import { type Action, ActionType } from '../../local/host/durable/actions.js';
import { EventType, type HistoryEvent, historyEvent } from '../../local/host/durable/history.js';
import { type Decision, NonDeterminismError, replay } from '../../local/host/durable/replay.js';

const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

const activity = (functionName: string): Action => ({ actionType: ActionType.CallActivity, functionName, input: 1 });
const child = (functionName: string, instanceId?: string): Action => ({
  actionType: ActionType.CallSubOrchestrator,
  functionName,
  instanceId,
});
const timer = (afterMs: number, isCanceled = false): Action => ({
  actionType: ActionType.CreateTimer,
  fireAt: new Date(START_MS + afterMs).toISOString(),
  isCanceled,
});
const event = (externalEventName: string): Action => ({
  actionType: ActionType.WaitForExternalEvent,
  externalEventName,
});
const entity = (actionType: number): Action => ({ actionType, instanceId: '@counter@a', operation: 'add', input: 1 });
const retried = (functionName: string, maxNumberOfAttempts = 2): Action => ({
  actionType: ActionType.CallActivityWithRetry,
  functionName,
  retryOptions: { firstRetryIntervalInMilliseconds: HOUR_MS, maxNumberOfAttempts, backoffCoefficient: 2 },
});
const all = (...compoundActions: Action[]): Action => ({ actionType: ActionType.WhenAll, compoundActions });
const any = (...compoundActions: Action[]): Action => ({ actionType: ActionType.WhenAny, compoundActions });
const again = (input: unknown): Action => ({ actionType: ActionType.ContinueAsNew, input });

const begin = (nowMs = START_MS) => [
  historyEvent('OrchestratorStarted', nowMs),
  historyEvent('ExecutionStarted', nowMs),
];
const turn = (nowMs: number) => historyEvent('OrchestratorStarted', nowMs);
const done = (id: number) => historyEvent('TaskCompleted', START_MS, { TaskScheduledId: id });
const failed = (id: number) => historyEvent('TaskFailed', START_MS, { TaskScheduledId: id });
const fired = (id: number) => historyEvent('TimerFired', START_MS, { TimerId: id });
const raised = (name: string) => historyEvent('EventRaised', START_MS, { Name: name });
const asEvent = (decision: Decision): HistoryEvent => ({ ...decision, Timestamp: '', IsPlayed: true });

const run = (actions: Action[], history: HistoryEvent[]) => replay({ actions, history, executionId: 'run' });
const brief = ({ decisions, finished }: ReturnType<typeof run>) => ({
  decisions: decisions.map(
    (decision) => `${decision.EventId} ${decision.Name ?? decision.InstanceId ?? decision.FireAt}`,
  ),
  finished,
});

/** Replays with everything confirmed that was decided before each of the given completions. */
function play(actions: Action[], ...completions: HistoryEvent[]): ReturnType<typeof run> {
  const history = begin();
  for (const completion of completions) {
    history.push(...run(actions, history).decisions.map(asEvent), completion);
  }
  return run(actions, history);
}

describe('replay', () => {
  it.each<[string, Action[], HistoryEvent[], string[], boolean]>([
    ['starts the first action only', [activity('a'), activity('b')], [], ['0 a'], false],
    ['starts the next action when the first is done', [activity('a'), activity('b')], [done(0)], ['1 b'], false],
    [
      'goes on after a failure: the library has thrown it already',
      [activity('a'), activity('b')],
      [failed(0)],
      ['1 b'],
      false,
    ],
    ['is finished when the last action is done', [activity('a')], [done(0)], [], true],
    ['is finished at once without actions', [], [], [], true],
    [
      'starts all children of a compound',
      [all(activity('a'), any(activity('b'), activity('c')))],
      [],
      ['0 a', '1 b', '2 c'],
      false,
    ],
    [
      'waits for all children, even after one has failed',
      [all(activity('a'), activity('b')), activity('c')],
      [failed(0)],
      [],
      false,
    ],
    [
      'goes on after the last child',
      [all(activity('a'), activity('b')), activity('c')],
      [failed(0), done(1)],
      ['2 c'],
      false,
    ],
    ['goes on after any child', [any(activity('a'), activity('b')), activity('c')], [done(1)], ['2 c'], false],
    ['does not number events', [event('go'), activity('a')], [raised('go')], ['0 a'], false],
    [
      'keeps an early event for its waiter',
      [activity('a'), event('go'), activity('b')],
      [raised('go'), done(0)],
      ['1 b'],
      false,
    ],
    [
      'gives an event to the newest waiter',
      [any(event('go'), all(event('go'), activity('a'))), activity('b')],
      [raised('go')],
      [],
      false,
    ],
    ['numbers signals and goes on', [entity(ActionType.SignalEntity), activity('a')], [], ['0 op', '1 a'], false],
    [
      'waits for the answer of an entity',
      [entity(ActionType.CallEntity), activity('a')],
      [raised('run:0')],
      ['1 a'],
      false,
    ],
    ['derives the id of a child', [child('c')], [], ['0 c'], false],
    [
      'lets a cancelled timer complete only by firing',
      [any(timer(HOUR_MS, true), retried('a')), activity('b')],
      [failed(1)],
      [`2 ${new Date(START_MS + HOUR_MS).toISOString()}`],
      false,
    ],
  ])('%s', (_, actions, completions, decisions, finished) => {
    expect(brief(play(actions, ...completions))).toEqual({ decisions, finished });
  });

  it('gives children their own or a derived instance id', () => {
    const { decisions } = run([all(child('c', 'mine'), child('c'))], begin());
    expect(decisions.map((decision) => decision.InstanceId)).toEqual(['mine', 'run:1']);
  });

  it('retries with growing timers and ends with the timer that fires at once', () => {
    const actions = [retried('a', 3), activity('b')];
    const at = (ms: number) => new Date(START_MS + ms).toISOString();
    const steps: [HistoryEvent[], string[]][] = [
      [[failed(0)], [`1 ${at(HOUR_MS)}`]],
      [[turn(START_MS + HOUR_MS), fired(1)], ['2 a']],
      [[failed(2)], [`3 ${at(3 * HOUR_MS)}`]],
      [[turn(START_MS + 3 * HOUR_MS), fired(3)], ['4 a']],
      [[failed(4)], [`5 ${at(3 * HOUR_MS)}`]],
      [[fired(5)], ['6 b']],
    ];
    const history = begin();
    for (const [completions, decisions] of steps) {
      history.push(...run(actions, history).decisions.map(asEvent), ...completions);
      expect(brief(run(actions, history)).decisions).toEqual(decisions);
    }
  });

  it('splits a long timer into steps, each with a number', () => {
    const actions = [timer(7 * DAY_MS), activity('a')];
    const at = (ms: number) => new Date(START_MS + ms).toISOString();
    expect(brief(play(actions)).decisions).toEqual([`0 ${at(3 * DAY_MS)}`]);
    const first = [...begin(), ...run(actions, begin()).decisions.map(asEvent), turn(START_MS + 3 * DAY_MS), fired(0)];
    expect(brief(run(actions, first)).decisions).toEqual([`1 ${at(7 * DAY_MS)}`]);
    const second = [...first, ...run(actions, first).decisions.map(asEvent), turn(START_MS + 7 * DAY_MS), fired(1)];
    expect(brief(run(actions, second)).decisions).toEqual(['2 a']);
  });

  it('holds completions back while suspended', () => {
    const actions = [activity('a'), activity('b')];
    const suspended = [
      ...begin(),
      ...run(actions, begin()).decisions.map(asEvent),
      historyEvent('ExecutionSuspended', START_MS),
      done(0),
    ];
    expect(brief(run(actions, suspended)).decisions).toEqual([]);
    expect(brief(run(actions, [...suspended, historyEvent('ExecutionResumed', START_MS)])).decisions).toEqual(['1 b']);
  });

  it('hands over unclaimed events with the next input', () => {
    const { continueAsNew, unclaimedEvents, finished } = play(
      [event('go'), again({ n: 1 })],
      raised('go'),
      raised('go'),
      raised('other'),
    );
    expect({ continueAsNew, finished }).toEqual({ continueAsNew: '{"n":1}', finished: true });
    expect(unclaimedEvents.map((one) => one.Name)).toEqual(['go', 'other']);
  });

  it.each<[string, Action[], string]>([
    ['another activity', [activity('b')], 'now schedules TaskScheduled "b"'],
    ['another kind of task', [timer(HOUR_MS)], 'now schedules TimerCreated "timer"'],
    ['nothing', [], 'now schedules nothing'],
  ])('names the difference when code changed to %s', (_, actions, message) => {
    const history = [...begin(), ...run([activity('a')], begin()).decisions.map(asEvent)];
    expect(() => run(actions, history)).toThrow(NonDeterminismError);
    expect(() => run(actions, history)).toThrow(message);
  });

  it('refuses unknown actions and retry timeouts, instead of hanging', () => {
    expect(() => run([{ actionType: 99 }], begin())).toThrow('Orchestrator action 99 is not known');
    const action = retried('a', 5);
    action.retryOptions!.retryTimeoutInMilliseconds = HOUR_MS;
    const history = [
      ...begin(),
      ...run([action], begin()).decisions.map(asEvent),
      turn(START_MS + 2 * HOUR_MS),
      failed(0),
    ];
    expect(() => run([action], history)).toThrow('Bound retries with maxNumberOfAttempts');
  });

  const { tree } = fc.letrec<{ tree: Action }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(
        activity('a'),
        retried('r', 3),
        child('c'),
        timer(HOUR_MS),
        timer(8 * DAY_MS),
        entity(ActionType.SignalEntity),
      ),
      fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((actions) => all(...actions)),
      fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((actions) => any(...actions)),
    ),
  }));

  it('decides each task once, numbers without gaps, and finishes, for any actions and any order of completions', () => {
    fc.assert(
      fc.property(
        fc.array(tree, { maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        fc.infiniteStream(fc.boolean()),
        (actions, picks, outcomes) => {
          const history = begin();
          const open: Decision[] = [];
          let nowMs = START_MS;
          let scheduled = 0;
          for (;;) {
            const { decisions, finished } = run(actions, history);
            expect(decisions.map((decision) => decision.EventId)).toEqual(
              decisions.map((_, index) => scheduled + index),
            );
            scheduled += decisions.length;
            open.push(...decisions.filter((decision) => decision.EventType !== EventType.EventSent));
            history.push(...decisions.map(asEvent));
            expect(run(actions, history).decisions).toEqual([]);
            if (finished) return;
            const [next] = open.splice(picks.next().value % open.length, 1);
            if (next!.FireAt) nowMs = Math.max(nowMs, Date.parse(next!.FireAt));
            history.push(turn(nowMs), complete(next!, outcomes.next().value));
          }
        },
      ),
    );
  });
});

function complete(decision: Decision, succeeds: boolean): HistoryEvent {
  if (decision.EventType === EventType.TimerCreated) return fired(decision.EventId);
  return succeeds ? done(decision.EventId) : failed(decision.EventId);
}
