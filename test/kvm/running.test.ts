import { expect, test } from 'vitest';
import { runningOf } from '../../src/kvm/running.ts';
import { timerSetup } from '../../src/kvm/timer-setup.ts';

const setup = timerSetup(1_000_000, 16, 0);
const START = 10n ** 15n;

/** Tick k (from 1) `late(k)` ns late on a clock of 2.6 cycles a ns; `skip` names ticks that never came. */
const deliveries = (count: number, late: (k: number) => number, skip: readonly number[] = []) =>
  Array.from({ length: count }, (_, i) => i + 1)
    .filter((k) => !skip.includes(k))
    .map((k) => ({ k, ns: BigInt(k * 1_000_000 + late(k)) }))
    .map(({ ns }) => ({ ktime: START + ns, tsc: (ns * 26n) / 10n, cpuNs: 0n }));

test('an exact timer with constant lateness has the programmed period, to the ns and the cycle', () => {
  const row = runningOf(
    { loop: 'halt', setup, ticks: 200 },
    deliveries(200, () => 30_000),
    START,
  );
  expect(row).toMatchObject({ loop: 'halt', periodNs: 1_000_000, divide: 16, ticks: 200, coalesced: 0 });
  expect(row.meanPeriodNs).toBeCloseTo(1_000_000, 6);
  expect(row.meanPeriodCycles).toBeCloseTo(2_600_000, 3);
  expect(row.latenessNs).toEqual({
    minNs: 30_000,
    meanNs: 30_000,
    p50Ns: 30_000,
    p90Ns: 30_000,
    p99Ns: 30_000,
    maxNs: 30_000,
  });
});

test('lateness does not bias the period, and its error covers the difference', () => {
  const row = runningOf(
    { loop: 'spin', setup, ticks: 500 },
    deliveries(500, (k) => (k * 7919) % 600_000),
    START,
  );
  expect(Math.abs(row.meanPeriodNs - 1_000_000)).toBeLessThan(4 * row.meanPeriodErrorNs);
  expect(row.meanPeriodErrorNs).toBeLessThan(300);
});

test('ticks without an interrupt of their own are counted, and do not stretch the period', () => {
  const row = runningOf(
    { loop: 'halt', setup, ticks: 97 },
    deliveries(100, () => 1000, [10, 20, 21]),
    START,
  );
  expect(row.coalesced).toBe(3);
  expect(row.meanPeriodNs).toBeCloseTo(1_000_000, 6);
});
