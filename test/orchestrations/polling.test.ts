import fc from 'fast-check';
import { busyDelaySeconds, jitterOf, pendingDelaySeconds } from '../../orchestrations/engine/polling.js';

const anyWait = fc.record({
  polls: fc.nat(9),
  elapsedSeconds: fc.nat(10_000),
  usualSeconds: fc.nat(600),
  retryAfterSeconds: fc.option(fc.nat(600), { nil: undefined }),
});

describe('the wait before the next look', () => {
  it('begins when the step usually is done, then is a share of the elapsed time', () => {
    expect(pendingDelaySeconds({ polls: 0, elapsedSeconds: 0, usualSeconds: 20 })).toBe(20);
    expect(pendingDelaySeconds({ polls: 1, elapsedSeconds: 100, usualSeconds: 20 })).toBe(8);
    expect(pendingDelaySeconds({ polls: 9, elapsedSeconds: 3600, usualSeconds: 20 })).toBe(120);
  });

  it('never undercuts what the service asks for, and follows it once it has looked', () => {
    fc.assert(
      fc.property(anyWait, (waited) => {
        const { polls, retryAfterSeconds = 0 } = waited;
        const delaySeconds = pendingDelaySeconds(waited);
        expect(delaySeconds).toBeGreaterThanOrEqual(retryAfterSeconds);
        if (polls > 0 && retryAfterSeconds > 0) expect(delaySeconds).toBe(retryAfterSeconds);
      }),
    );
  });

  it('is never shorter than two seconds nor longer than two minutes by our own choice', () => {
    fc.assert(
      fc.property(anyWait, ({ polls, elapsedSeconds }) => {
        const delaySeconds = pendingDelaySeconds({ polls: polls + 1, elapsedSeconds, usualSeconds: 0 });
        expect(delaySeconds).toBeGreaterThanOrEqual(2);
        expect(delaySeconds).toBeLessThanOrEqual(120);
      }),
    );
  });

  it('looks about two dozen times at something that takes half an hour', () => {
    let elapsedSeconds = 0;
    let polls = 0;
    while (elapsedSeconds < 1800) {
      elapsedSeconds += pendingDelaySeconds({ polls, elapsedSeconds, usualSeconds: 420 });
      polls += 1;
    }
    expect(polls).toBeLessThanOrEqual(24);
  });
});

describe('the wait before something busy is tried again', () => {
  it('never undercuts what the service asks for, whatever spreads it', () => {
    fc.assert(
      fc.property(anyWait, fc.string(), (waited, id) => {
        const delaySeconds = busyDelaySeconds(waited, jitterOf(id));
        expect(delaySeconds).toBeGreaterThanOrEqual(Math.max(2, waited.retryAfterSeconds ?? 0));
        expect(delaySeconds).toBeLessThanOrEqual(Math.max(120, waited.retryAfterSeconds ?? 0));
      }),
    );
  });

  it('grows with the time that it has been busy', () => {
    const after = (elapsedSeconds: number) => busyDelaySeconds({ polls: 1, elapsedSeconds, usualSeconds: 0 }, 0.5);
    expect([0, 60, 300, 600, 3600].map(after)).toEqual([5, 5, 24, 48, 120]);
  });

  it('is spread between those who collided, the same at every replay', () => {
    const ofLanes = () => Array.from({ length: 50 }, (_, lane) => jitterOf(`alpha_1-1:l${lane}:s3/0`));
    const jitters = ofLanes();
    expect(ofLanes()).toEqual(jitters);
    expect(Math.max(...jitters) - Math.min(...jitters)).toBeGreaterThan(0.8);
    for (const jitter of jitters) expect(jitter >= 0 && jitter <= 1).toBe(true);
  });
});
