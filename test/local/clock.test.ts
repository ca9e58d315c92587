import { anchorNow, explicitClock, installWorldDate, neverBack, runningClock } from '../../local/clock.js';

describe('the explicit clock', () => {
  it('fires due timers in order and stands still between them', async () => {
    const clock = explicitClock(1_000);
    const fired: [string, number][] = [];
    clock.after(200, () => fired.push(['late', clock.now()]));
    clock.after(100, () => {
      fired.push(['early', clock.now()]);
      clock.after(50, () => fired.push(['chained', clock.now()]));
    });
    await clock.advance(99);
    expect(fired).toEqual([]);
    await clock.advance(200);
    expect(fired).toEqual([
      ['early', 1_100],
      ['chained', 1_150],
      ['late', 1_200],
    ]);
    expect(clock.now()).toBe(1_299);
  });

  it('waits for busy components before it moves', async () => {
    const clock = explicitClock();
    let busy = true;
    clock.watch('worker', () => !busy);
    setTimeout(() => (busy = false), 20);
    await clock.advance(1);
    expect(busy).toBe(false);
  });

  it('stops at the condition, or says that no timer is left', async () => {
    const clock = explicitClock(0);
    let done = false;
    clock.after(5_000, () => (done = true));
    await clock.runUntil(() => done, 60_000);
    expect(clock.now()).toBe(5_000);
    await expect(clock.runUntil(() => false, 1_000)).rejects.toThrow('0 timers left');
  });
});

describe('the running clock', () => {
  it('scales world time by its speed', async () => {
    const clock = runningClock(anchorNow(1_000, 0));
    const firedAt = await new Promise<number>((resolve) => {
      const keepAlive = setTimeout(() => {}, 5_000);
      clock.after(20_000, () => {
        clearTimeout(keepAlive);
        resolve(clock.now());
      });
    });
    expect(firedAt).toBeGreaterThanOrEqual(19_000);
  });

  it('does not go back with the machine’s clock, and goes forward with it', () => {
    let [wallMs, monotonicMs] = [1_000_000, 0];
    const now = neverBack(
      () => wallMs,
      () => monotonicMs,
    );
    const after = (wall: number, monotonic: number) => {
      wallMs += wall;
      monotonicMs += monotonic;
      return now();
    };
    expect(after(0, 0)).toBe(1_000_000);
    expect(after(5_000, 5_000)).toBe(1_005_000);
    expect(after(-3600_000, 1_000)).toBe(1_006_000);
    expect(after(1_000, 1_000)).toBe(1_007_000);
    expect(after(8 * 3600_000, 0)).toBe(1_006_000 + 7 * 3600_000);
  });

  it('is what Date tells once it is installed', () => {
    const clock = explicitClock(Date.UTC(2030, 0, 1));
    const restore = installWorldDate(clock);
    try {
      expect(new Date().toISOString()).toBe('2030-01-01T00:00:00.000Z');
      expect(Date.now()).toBe(clock.now());
      expect(new Date(5) instanceof Date).toBe(true);
    } finally {
      restore();
    }
    expect(new Date().getUTCFullYear()).toBeLessThan(2030);
  });
});
