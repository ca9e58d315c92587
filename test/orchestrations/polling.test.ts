import fc from 'fast-check';
import { busyDelaySeconds, jitterOf, pendingDelaySeconds } from '../../orchestrations/polling.js';

describe('the wait before the next look', () => {
  it('begins when the step usually is done, then is a share of the elapsed time', () => {
    expect(pendingDelaySeconds({ polls: 0, elapsedSeconds: 0, usualSeconds: 20 })).toBe(20);
    expect(pendingDelaySeconds({ polls: 1, elapsedSeconds: 100, usualSeconds: 20 })).toBe(8);
    expect(pendingDelaySeconds({ polls: 9, elapsedSeconds: 3600, usualSeconds: 20 })).toBe(120);
  });

  it('never undercuts what the service asks for', () => {
    fc.assert(
      fc.property(
        fc.nat(9),
        fc.nat(10_000),
        fc.nat(600),
        fc.nat(600),
        fc.string(),
        (polls, elapsedSeconds, usualSeconds, retryAfterSeconds, id) => {
          const waited = { polls, elapsedSeconds, usualSeconds, retryAfterSeconds };
          expect(pendingDelaySeconds(waited)).toBeGreaterThanOrEqual(Math.max(2, retryAfterSeconds));
          expect(busyDelaySeconds(waited, jitterOf(id))).toBeGreaterThanOrEqual(Math.max(2, retryAfterSeconds));
        },
      ),
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
