import { expect, test } from 'vitest';
import { burstEstimate, checkStop, watchdogNs } from '../../src/kvm/safety.ts';

const S = 1e9;
const HOUR = 3600 * S;
const WATCHDOG = 10 * S;
const refused = (text: string) =>
  expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(text) });

test('the estimate is one callback for each period missed, 79 ns each', () => {
  expect(burstEstimate(S, 1_000_000)).toEqual({ callbacks: 1000, callbackNs: 79, burstNs: 79_000 });
  // The crash dump: 55.8 days at 1.739904 ms, 79 ns a callback, 218 s in all.
  expect(burstEstimate(55.8 * 24 * HOUR, 1_739_904).burstNs / S).toBeCloseTo(218.9, 0);
});

test('the default stop is far below what needs a word', () => {
  expect(() => checkStop(S, 1_000_000, false, WATCHDOG)).not.toThrow();
});

test('a burst over 20 ms needs --yes-really, and the refusal gives the estimate', () => {
  // 20 ms are 253,164 callbacks of 79 ns.
  expect(() => checkStop(253_164 * 200_000, 200_000, false, WATCHDOG)).not.toThrow();
  const run = (yesReally: boolean) => () => checkStop(253_165 * 200_000, 200_000, yesReally, WATCHDOG);
  expect(run(false)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message:
        '`stopNs`: 50.6 s at a period of 200 us may cost 253,165 timer callbacks with interrupts off, about 20.0 ms at 79 ns each, on a kernel with CVE-2025-71104.',
      hint: 'Add `yesReally` to do it all the same, or stay below 20.0 ms: a shorter `stopNs`, a longer `periodNs`.',
    }),
  );
  expect(run(true)).not.toThrow();
});

test('a stop that could reach the watchdog is refused outright, with room for a host four times slower', () => {
  for (const yesReally of [true, false]) {
    expect(() => checkStop(7 * HOUR, 200_000, yesReally, WATCHDOG)).toThrow(refused('10.0 s watchdog'));
    expect(() => checkStop(2 * HOUR, 200_000, yesReally, WATCHDOG)).toThrow(
      expect.objectContaining({
        message:
          '`stopNs`: 2.00 h at a period of 200 us is refused: on a kernel with CVE-2025-71104 it costs 36,000,000 timer callbacks with interrupts off, about 2.84 s at 79 ns each, and a host 4 times slower would reach its 10.0 s watchdog.',
        hint: 'Give a shorter `stopNs` or a longer `periodNs`; `tscope stop` shows long stops without any risk.',
      }),
    );
  }
  expect(() => checkStop(1 * HOUR, 200_000, true, WATCHDOG)).not.toThrow();
  expect(() => checkStop(1 * HOUR, 200_000, true, S)).toThrow(refused('1.00 s watchdog'));
});

test("this host's watchdog is a positive time even where it is turned off", () => {
  expect(watchdogNs()).toBeGreaterThan(0);
});
