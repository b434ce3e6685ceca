import { expect, test } from 'vitest';
import type { StopResult } from '../../../src/schema/stop.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import { warningsOf } from '../../../src/tasks/stop/warnings.ts';

type Row = StopResult['rows'][number];

const spread = { minNs: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 };
const row: Row = {
  policy: 'catch-up',
  periodNs: 1_000_000,
  stopNs: 1_000_000_000,
  ended: 'caught-up',
  callbacks: 100_000,
  vmExits: 0,
  interrupts: 1,
  expirations: 100_000,
  missedPeriods: 100_000,
  lostTicks: 99_999,
  recoveryNs: 10_000_000,
  recoveryCycles: 26_000_000,
  callbackNs: { p50: 100, p99: 120, mean: 100 },
  phaseShiftNs: 0,
  frozenNs: 0,
  shortestIntervalNs: null,
  backendAfter: 'sw',
  lockup: false,
  behindNs: 0,
  projected: null,
  runs: 1,
  phaseShift: spread,
  recovery: spread,
};
const price = (changes: object): StopResult['clampPrice'] => ({
  native: { ns: 1, lowNs: 0, highNs: 2, cycles: 2, catchUpNs: 3, clampNs: 4, processes: 2 },
  model: { ns: 1, lowNs: 0, highNs: 2, processes: 2, slowProcesses: 0, modes: null, ...changes },
  kernel: { value: null, reason: 'not measured' },
});
const asked: StopOptions = {
  ...stopDefaults,
  policies: ['catch-up'],
  periodsNs: [1_000_000n],
  stopsNs: [1_000_000_000n],
};
const warnings = (changes: Partial<StopResult> = {}, options: Partial<StopOptions> = {}) =>
  warningsOf(
    { ...asked, ...options },
    {
      simulated: false,
      delivery: 'coalesced',
      watchdogNs: 1e10,
      tscHz: 2.6e9,
      guestTscKhz: 2.6e6,
      rows: [row],
      tickCost: null,
      clampPrice: price({}),
      clampPriceReason: null,
      lockupThreshold: [],
      ...changes,
    },
  );

test('a run that went well leaves no doubt', () => {
  expect(warnings()).toEqual([]);
});

test('more than a tenth of the recoveries taken by others, in rows that are long enough', () => {
  const taking = (recoveryNs: number, changes: Partial<Row> = {}) =>
    warnings({ rows: [{ ...row, recoveryNs, ...changes }] });
  expect(taking(11_111_111)).toEqual([]);
  expect(taking(11_111_112)).toEqual([
    {
      code: 'thread-interrupted',
      message:
        "Other work had this thread's CPU for 10.0 % of the recoveries under catch-up; their times and lockups are those of a busy host, not of the callbacks.",
      hint: 'Run on a quiet host, or give `cpu` and `priority`. The lockup threshold leaves interruptions out.',
    },
  ]);
  expect(taking(20_000_000, { callbacks: 99_999 })).toEqual([]);
  expect(taking(20_000_000, { policy: 'clamp' })).toEqual([]);
  expect(warnings({ simulated: true, rows: [{ ...row, recoveryNs: 20_000_000 }] })).toEqual([]);
});

test('rows that are missing, and rows that were cut', () => {
  expect(warnings({}, { stopsNs: [1n, 2n] })).toEqual([
    {
      code: 'rows-missing',
      message: 'The stops ended after 1 of 2 rows; the others were not measured.',
      hint: null,
    },
  ]);
  const cut: Partial<StopResult> = { rows: [{ ...row, ended: 'budget' }] };
  const message =
    '1 of 1 rows were followed for only part of the recovery; their totals are projected from the pace until then.';
  expect(warnings(cut)).toEqual([
    { code: 'rows-projected', message, hint: '`tscope stop --budget 5min` follows them further.' },
  ]);
  const simulate = { callbackNs: 79n, exitNs: 1000n };
  expect(warnings(cut, { simulate })).toEqual([{ code: 'rows-projected', message, hint: null }]);
});

test('a period below what KVM allows, at 200 us', () => {
  const codes = (periodNs: bigint) => warnings({}, { periodsNs: [periodNs] }).map(({ code }) => code);
  expect(codes(200_000n)).toEqual([]);
  expect(codes(199_999n)).toEqual(['below-min-timer-period']);
});

test('what the price lacks', () => {
  expect(warnings({ clampPrice: null, clampPriceReason: 'no process could be started' })).toEqual([
    {
      code: 'costs-not-measured',
      message: "The clamp's price and a callback's cost were not measured: no process could be started.",
      hint: null,
    },
  ]);
  const modes = [
    { ns: 1, processes: 4 },
    { ns: 20, processes: 8 },
  ];
  expect(warnings({ clampPrice: price({ modes }) })).toEqual([
    {
      code: 'two-kinds-of-code',
      message:
        "V8 compiled the model's advance in two ways: the clamp cost 1.00 ns in 4, 20.0 ns in 8 processes.",
      hint: 'The price in native code does not depend on the JavaScript engine.',
    },
  ]);
  expect(warnings({ clampPrice: price({ slowProcesses: 3 }) })).toEqual([
    {
      code: 'code-not-optimised',
      message: "In 3 processes V8 left the model's code to a slower tier; they do not count.",
      hint: null,
    },
  ]);
});

test('reinject with posted delivery', () => {
  expect(warnings({}, { policies: ['catch-up', 'reinject'], delivery: 'posted' })).toEqual([
    {
      code: 'reinject-not-posted',
      message:
        'reinject is left out: it waits for the guest to acknowledge each interrupt, and posted delivery does not.',
      hint: null,
    },
  ]);
});
