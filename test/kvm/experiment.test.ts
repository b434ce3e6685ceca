import { expect, test } from 'vitest';
import { planOf, retriesOf, takeRetry } from '../../src/kvm/experiment.ts';
import { inPeriod } from '../../src/kvm/stop.ts';

const options = {
  periodNs: 1_000_000,
  divide: 1,
  stopNs: 1_000_000_000,
  ticks: 500,
  stalls: 8,
  trace: 'auto' as const,
  yesReally: false,
};

test('both guests run at the main period first, then at others; every kind of stop is made', () => {
  const { running, stops } = planOf(options, 200_000);
  for (const loop of ['halt', 'spin'] as const) {
    const rows = running.filter((row) => row.loop === loop);
    expect(rows[0]).toMatchObject({ ticks: 500, setup: { periodNs: 1_000_000, divide: 1 } });
    expect(new Set(rows.map(({ setup }) => setup.divide))).toEqual(new Set([1, 16, 128]));
    expect(new Set(rows.map(({ setup }) => setup.periodNs)).size).toBeGreaterThan(1);
  }
  expect(new Set(stops.map(({ stop }) => stop))).toEqual(new Set(['pause', 'sigstop', 'save-restore']));
  expect(new Set(stops.filter(({ stop }) => stop === 'pause').map(({ loop }) => loop))).toEqual(
    new Set(['halt', 'spin']),
  );
});

test.each([10_000, 209_715, 333_333, 4_000_000_000])('a period of %i ns can be planned', (periodNs) => {
  const { running } = planOf({ ...options, periodNs }, 0);
  expect(running.filter(({ setup }) => setup.periodNs === periodNs)).not.toHaveLength(0);
});

test('long periods are not looked at further: that would take minutes', () => {
  const { running, stopTicks } = planOf({ ...options, periodNs: 1_000_000_000 }, 0);
  expect(running).toHaveLength(2);
  expect(stopTicks).toBeLessThan(planOf(options, 0).stopTicks);
});

test('a guest is resumed half a period after the old grid, whatever the moment', () => {
  const start = 12_345n;
  for (const ktime of [10n ** 12n, 10n ** 12n + 999_999n]) {
    const moment = inPeriod(ktime, start, 1_000_000, 0.5);
    expect((moment - start) % 1_000_000n).toBe(500_000n);
    expect(Math.abs(Number(moment - ktime))).toBeLessThanOrEqual(500_000);
  }
});

test('stops are made again eight times in a whole run at most, until their bursts add up to 20 ms', () => {
  const taken = (burstNs: number, stopNs = 1e9) => {
    const retries = retriesOf(stopNs);
    let count = 0;
    while (takeRetry(retries, burstNs)) count += 1;
    return count;
  };
  expect(taken(79_000)).toBe(8);
  expect(taken(2.5e6)).toBe(8);
  // An emulated host, where a callback costs 4.3 us.
  expect(taken(4.3e6)).toBe(4);
  expect(taken(20e6)).toBe(1);
  expect(taken(20e6 + 1)).toBe(0);
  expect([taken(0, 10e9), taken(0, 10e9 + 1)]).toEqual([8, 0]);
});
