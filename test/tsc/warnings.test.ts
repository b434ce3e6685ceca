import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { known, unknown } from '../../src/host/fact.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { type ClockEvent, clockEventKinds } from '../../src/tsc/result.ts';
import { cpuWarnings, remarkWarnings, tscWarnings, warningsOf } from '../../src/tsc/warnings.ts';
import { scriptedHost } from './scripted-host.ts';

const { result } = calibrate({ clock: 'monotonic', durationNs: 1e6 }, scriptedHost(), quietControl);
const event = (kind: ClockEvent['kind'], atNs: number): ClockEvent => ({ atNs, kind, detail: `a ${kind}` });
const warned = (events: ClockEvent[], wanders = false) => warningsOf({ ...result, events }, wanders);

test('each kind of event is one warning, with when it first was, what it costs and what can be done', () => {
  expect(warned([])).toEqual([]);
  expect(warned([event('step', 2e6), event('slew', 3e6), event('step', 5e6)])).toEqual([
    {
      code: 'step',
      message:
        '2 times, the first 2.00 ms into the run: a step; the rate is that of the longest part without a disturbance.',
      hint: 'Something set the time during the run (settimeofday, an NTP client at its start).',
    },
    {
      code: 'slew',
      message: '3.00 ms into the run: a slew; the rate is that of the longest part without a disturbance.',
      hint: 'An NTP client is correcting this clock; monotonic_raw is never slewed.',
    },
  ]);
  const all = warned(clockEventKinds.map((kind, i) => event(kind, i)));
  expect(all.map(({ code }) => code)).toEqual([...clockEventKinds]);
  expect(new Set(all.map(({ hint }) => hint)).size).toBe(clockEventKinds.length);
});

test('a rate that wanders is said after the events', () => {
  expect(warned([event('suspend', 0)], true).map(({ code }) => code)).toEqual(['suspend', 'rate-wanders']);
  expect(warned([], true)).toEqual([
    {
      code: 'rate-wanders',
      message:
        'No single rate fits all brackets: monotonic wanders against the TSC, and the rate is the mean over the run.',
      hint: 'A disciplined clock, or a second oscillator, does so over minutes; `tscope drift` shows how.',
    },
  ]);
});

test('a TSC that the CPU does not promise to be constant is a warning, one of which nobody knows is none', () => {
  expect(tscWarnings({ invariant: known(true, 'CPUID') })).toEqual([]);
  expect(tscWarnings({ invariant: unknown('no leaf') })).toEqual([]);
  expect(tscWarnings({ invariant: known(false, 'CPUID') })).toEqual([
    {
      code: 'tsc-not-invariant',
      message: 'This CPU does not promise a TSC of constant rate: it may change with power states.',
      hint: 'Measure for longer, under the load that matters, and use the clock that the kernel chose.',
    },
  ]);
});

test('what the kernel said against the TSC is quoted, what it says of firmware at boot is not', () => {
  const unstable = { atS: 12.345, text: 'tsc: Marking TSC unstable due to clocksource watchdog' };
  const firmware = { atS: 0.1, text: '[Firmware Bug]: TSC ADJUST differs' };
  expect(remarkWarnings([])).toEqual([]);
  expect(remarkWarnings([firmware])).toEqual([]);
  expect(remarkWarnings([firmware, unstable])).toEqual([
    {
      code: 'kernel-doubts-tsc',
      message: 'The kernel said 12.3 s after boot: "tsc: Marking TSC unstable due to clocksource watchdog".',
      hint: 'See `dmesg`; a TSC that the kernel gave up is no longer its clocksource.',
    },
  ]);
  expect(remarkWarnings([unstable, unstable, firmware, unstable])[0]?.message).toMatch(/" \(and 2 more\)\.$/);
});

test('the CPUs whose TSC went backwards are named', () => {
  const cpu = (number: number, warps: number) => ({
    cpu: number,
    offsetNs: 0,
    resolutionNs: 0,
    rateRatio: null,
    rateResolutionRatio: null,
    rounds: 1,
    warps,
    reason: null,
  });
  expect(cpuWarnings([])).toEqual([]);
  expect(cpuWarnings([cpu(2, 0), cpu(3, 0)])).toEqual([]);
  expect(cpuWarnings([cpu(2, 0), cpu(3, 1), cpu(4, 0), cpu(5, 7)])).toEqual([
    {
      code: 'tsc-warp',
      message: 'Time went backwards between CPU 2 and CPU 3, 5: a TSC read later was lower.',
      hint: 'Pin what reads the TSC to one CPU, or use a clock of the kernel.',
    },
  ]);
});
