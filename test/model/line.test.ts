import {
  enqueue,
  giveLane,
  isOvertaken,
  isWaitedFor,
  type Line,
  leaveLine,
  type Placed,
} from '../../shared/model/line.js';
import { placed } from '../support/builders.js';

const request = (generation: number, more: Partial<Placed> = {}) => placed(generation, more);
/** Any operation that is not a request. */
const other = (generation: number, more: Partial<Placed> = {}) =>
  placed(generation, { kind: 'retire-kaito-model', ...more });
const line = (more: Partial<Line> = {}): Line => ({ queue: [], ...more });
const ids = (all: readonly Placed[]) => all.map(({ generation }) => generation);

describe('who joins the line', () => {
  it('stands at its end, and is the newest', () => {
    const { line: after, superseded } = enqueue(line({ lane: request(1), queue: [other(2)] }), other(3));
    expect(after).toEqual({ lane: request(1), queue: [other(2), other(3)], newest: other(3) });
    expect(superseded).toEqual([]);
  });

  it('as a request supersedes the requests that wait, and nothing else', () => {
    const before = line({ lane: request(1), queue: [request(2), other(3), request(4)], newest: request(4) });
    const { line: after, superseded } = enqueue(before, request(5));
    expect(ids(after.queue)).toEqual([3, 5]);
    expect(ids(superseded)).toEqual([2, 4]);
    expect(after.lane).toEqual(request(1));
  });

  it('as anything else supersedes nobody', () => {
    const before = line({ lane: request(1), queue: [request(2), other(3)] });
    expect(enqueue(before, other(4))).toMatchObject({ line: { queue: [{}, {}, {}] }, superseded: [] });
  });

  it('leaves the line as it was for whoever still looks at it', () => {
    const before = line({ lane: request(1), queue: [request(2)], newest: request(2) });
    const copy = structuredClone(before);
    enqueue(before, request(3));
    giveLane({ ...before, lane: undefined });
    leaveLine(before, 'alpha_2', false);
    expect(before).toEqual(copy);
  });
});

describe('the lane', () => {
  it('is given to who came first', () => {
    const { line: after, starts, dropped } = giveLane(line({ queue: [request(1), other(2)] }));
    expect(starts).toEqual(request(1));
    expect(after).toMatchObject({ lane: request(1), queue: [other(2)] });
    expect(dropped).toEqual([]);
  });

  it('is not given while somebody holds it', () => {
    const held = line({ lane: request(1), queue: [other(2)], isParked: true });
    expect(giveLane(held)).toEqual({ line: held, dropped: [] });
  });

  it('stays free when nobody waits', () => {
    const free = line({ settled: request(1), newest: request(1) });
    expect(giveLane(free)).toEqual({ line: free, dropped: [] });
  });

  it('is given to a retry that nothing newer has overtaken', () => {
    const retry = request(4, { retryOf: 3 });
    expect(giveLane(line({ queue: [retry], newest: retry, settled: request(2) })).starts).toEqual(retry);
  });

  it('passes over a retry that something newer behind it has overtaken', () => {
    const retry = request(3, { retryOf: 1 });
    const given = giveLane(line({ queue: [retry, other(4)], newest: other(4) }));
    expect([given.starts, given.dropped]).toEqual([other(4), [retry]]);
    expect(given.line).toEqual({ lane: other(4), queue: [], newest: other(4) });
  });

  it('passes over a retry when a retry of something newer waits behind it', () => {
    const [older, newer] = [other(3, { retryOf: 1 }), other(4, { retryOf: 2 })];
    expect(giveLane(line({ queue: [older, newer], newest: newer }))).toMatchObject({ starts: newer, dropped: [older] });
  });

  it('stays free when all who wait are overtaken, and the newest is what the subject has', () => {
    const retry = request(6, { retryOf: 1 });
    const given = giveLane(line({ queue: [retry], newest: retry, settled: request(5) }));
    expect(given).toEqual({
      line: { queue: [], newest: request(5), settled: request(5) },
      dropped: [retry],
    });
  });
});

describe('a failed operation is overtaken', () => {
  it.each<[string, Partial<Line>, boolean]>([
    ['nothing newer was accepted', { settled: request(3) }, false],
    ['something newer has succeeded', { settled: request(5) }, true],
    ['something newer holds the lane', { lane: other(5) }, true],
    ['something newer waits', { lane: request(3), queue: [other(5)] }, true],
    ['it is being tried again already', { lane: request(3), queue: [request(5, { retryOf: 4 })] }, true],
  ])('or not when %s', (_what, more, is) => {
    expect(isOvertaken(line(more), 4)).toBe(is);
  });
});

describe('who leaves the line', () => {
  const full = line({
    lane: request(2),
    queue: [other(3), request(4)],
    newest: request(4),
    settled: request(1),
    isParked: true,
  });

  it('from the lane with success is what the subject has', () => {
    expect(leaveLine(full, 'alpha_2', true)).toEqual({
      queue: [other(3), request(4)],
      newest: request(4),
      settled: request(2),
    });
  });

  it('from the lane without success leaves the subject as it was', () => {
    expect(leaveLine(full, 'alpha_2', false)).toMatchObject({ settled: request(1), newest: request(4) });
  });

  it('from the lane takes the parking with it; from the queue it does not', () => {
    expect(leaveLine(full, 'alpha_2', false).isParked).toBeUndefined();
    expect(leaveLine(full, 'alpha_3', false)).toMatchObject({ isParked: true, lane: request(2), queue: [request(4)] });
  });

  it.each<[string, Line, string, number | undefined]>([
    ['the last that waits', full, 'alpha_4', 3],
    ['the holder of the lane', line({ ...full, queue: [request(4)] }), 'alpha_4', 2],
    ['what the subject has', line({ lane: request(4), newest: request(4), settled: request(1) }), 'alpha_4', 1],
    ['nothing', line({ lane: request(4), newest: request(4) }), 'alpha_4', undefined],
  ])('as the newest, without success, is followed by %s', (_what, before, id, newest) => {
    expect(leaveLine(before, id, false).newest?.generation).toBe(newest);
  });

  it('was in it: an operation beside the line changes nothing of it', () => {
    expect(leaveLine(full, 'alpha_99', true)).toEqual(full);
    expect(leaveLine(full, 'alpha_99', false)).toEqual(full);
  });
});

describe('a failed holder of the lane', () => {
  it('is waited for when somebody stands behind it', () => {
    expect(isWaitedFor(line({ lane: request(1) }))).toBe(false);
    expect(isWaitedFor(line({ lane: request(1), queue: [other(2)] }))).toBe(true);
  });
});
