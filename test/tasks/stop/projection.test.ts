import fc from 'fast-check';
import { expect, test } from 'vitest';
import { catchUpNs, lockupStopNs } from '../../../src/lapic/catch-up.ts';
import { CRASH_CALLBACK_NS } from '../../../src/lapic/virtual-host.ts';
import { lockupThreshold } from '../../../src/tasks/stop/projection.ts';

const HOUR = 3600e9;
const WATCHDOG = 10e9;

test.each([
  ['7 h at 200 us', 200_000, 7 * HOUR],
  ['35 h at 1 ms', 1_000_000, 35 * HOUR],
  ['2.5 days at 1.74 ms', 1_739_904, 60 * HOUR],
])('at the cost in the crash dump, 10 s are reached by a stop of %s', (_, periodNs, stopNs) => {
  const found = lockupStopNs(WATCHDOG, periodNs, CRASH_CALLBACK_NS);
  expect(found / stopNs).toBeGreaterThan(0.98);
  expect(found / stopNs).toBeLessThan(1.03);
});

test('the crash: 51.9 days of lag left at 79 ns a callback are 205 s more', () => {
  const lag = Number(37_219_008_123_141_068n - 32_733_273_709_929_306n);
  expect((catchUpNs(lag, 1_739_904, CRASH_CALLBACK_NS) ?? 0) / 1e9).toBeCloseTo(204, 0);
});

const period = fc.integer({ min: 1_000, max: 4_294_967_295 });
const share = fc.double({ min: 1e-6, max: 0.999, noNaN: true });

test('the stop that reaches the watchdog takes as long as the watchdog', () => {
  fc.assert(
    fc.property(period, share, (periodNs, part) => {
      const stop = lockupStopNs(WATCHDOG, periodNs, periodNs * part);
      expect((catchUpNs(stop, periodNs, periodNs * part) ?? 0) / WATCHDOG).toBeCloseTo(1, 9);
    }),
  );
});

test('a step as long as a period never catches up', () => {
  expect(catchUpNs(1, 1_000, 1_000)).toBeNull();
  expect(catchUpNs(1, 1_000, 2_000)).toBeNull();
  expect(lockupStopNs(WATCHDOG, 1_000, 1_000)).toBe(0);
});

test("for each period there is the stop at the model's cost, at the kernel's own where it is known, and at the crash's", () => {
  const model = { ns: 100, lowNs: 80, highNs: 125 };
  const kernel = { ns: 160, lowNs: 125, highNs: 200 };
  const at = (callbackNs: number) => lockupStopNs(WATCHDOG, 1_000_000, callbackNs);
  const [found] = lockupThreshold([1_000_000n], WATCHDOG, model, kernel);
  expect(found).toEqual({
    periodNs: 1_000_000,
    atHostCost: {
      callbackNs: 100,
      callbackLowNs: 80,
      callbackHighNs: 125,
      stopNs: at(100),
      stopLowNs: at(125),
      stopHighNs: at(80),
    },
    atKernelCost: {
      callbackNs: 160,
      callbackLowNs: 125,
      callbackHighNs: 200,
      stopNs: at(160),
      stopLowNs: at(200),
      stopHighNs: at(125),
    },
    atCrashCost: { callbackNs: 79, stopNs: at(79) },
  });
  expect(lockupThreshold([1_000_000n], WATCHDOG, model, null)[0]?.atKernelCost).toBeNull();
});
