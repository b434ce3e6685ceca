import { describe, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { currentClocksource } from '../../src/host/clocksource.ts';
import { calibrate as kind } from '../../src/report/kinds/calibrate.ts';
import { resultText } from '../../src/report/text.ts';
import { calibrateResultSchema } from '../../src/schema/calibrate.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { calibrateTask } from '../../src/tsc/calibrate-host.ts';
import { hostSource } from '../../src/tsc/source.ts';

const MS = 1e6;
const run = (durationNs: number, clock: 'monotonic_raw' | 'realtime' = 'monotonic_raw') =>
  calibrate({ durationNs, clock }, hostSource(), quietControl).result;

test('longer runs narrow the certain bounds, and every run overlaps every other', () => {
  const results = [1, 10, 100].map((ms) => run(ms * MS));
  for (const [i, one] of results.entries()) {
    expect(one.tscHzLow).toBeLessThanOrEqual(one.tscHzHigh);
    for (const other of results) expect(one.tscHzLow).toBeLessThanOrEqual(other.tscHzHigh);
    const earlier = results[i - 1];
    if (earlier === undefined) continue;
    expect(one.tscHzHigh - one.tscHzLow).toBeLessThan(earlier.tscHzHigh - earlier.tscHzLow);
  }
});

describe.runIf(currentClocksource().value === 'tsc')('where the kernel itself counts the TSC', () => {
  test('mult and shift are found, the same in every run, and the certain bounds hold their frequency', () => {
    const results = Array.from({ length: 5 }, () => run(100 * MS));
    const kernel = results[0]?.kernel;
    expect(kernel?.hz).not.toBeNull();
    for (const result of results) {
      expect(result.kernel).toMatchObject({ mult: kernel?.mult, shift: kernel?.shift, derivedFromTsc: true });
      expect(result.independent).toBe(false);
      expect(result.tscHzLow).toBeLessThanOrEqual(kernel?.hz ?? 0);
      expect(result.tscHzHigh).toBeGreaterThanOrEqual(kernel?.hz ?? 0);
    }
  });

  test('a steered clock names no ratio', () => {
    const result = run(20 * MS, 'realtime');
    expect(result.kernel).toMatchObject({ mult: null, hz: null });
    expect(result.kernelReason).toContain('monotonic_raw');
  });
});

test('a stop after the first batches still gives what was measured', () => {
  let asked = 0;
  const control = { progress: () => {}, cancelled: () => ++asked > 40 };
  const { result } = calibrate({ durationNs: 3600e9, clock: 'monotonic_raw' }, hostSource(), control);
  expect(result.durationNs).toBeLessThan(60e9);
  expect(result.tscHzHigh).toBeGreaterThan(result.tscHzLow);
});

test('too short a run is refused in one sentence', () => {
  expect(() => run(0.5 * MS)).toThrow(/^`durationNs`: .* is outside 1ms to 30d\.$/);
  expect(() => run(Number.NaN)).toThrow(/^`durationNs`: .* is outside 1ms to 30d\.$/);
});

test('the whole of it is of the shape that the contract names, and reads well', async () => {
  const { result } = await calibrateTask({ durationNs: 20 * MS, clock: 'monotonic_raw' }, quietControl);
  expect(calibrateResultSchema.parse(result)).toEqual(result);
  expect(result.claims.length).toBeGreaterThan(5);
  for (const { hz, offsetRatio, reason } of result.claims) {
    expect(reason).not.toBe('');
    expect(offsetRatio === null).toBe(hz === null);
  }
  expect(result.cpus.length).toBeGreaterThan(0);
  expect(result.trueRate === null).toBe(result.trueRateReason !== null);
  expect(resultText(kind, result)).not.toMatch(/undefined|NaN|\[object/);
});
