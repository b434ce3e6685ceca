import { describe, expect, test } from 'vitest';
import { type Control, quietControl } from '../../../src/clock/control.ts';
import { configFor } from '../../../src/lapic/config.ts';
import { type StopRow, stopResultSchema } from '../../../src/schema/stop.ts';
import { RealStopHost, RecoveryLog } from '../../../src/tasks/stop/host.ts';
import { type IsolateJob, measureIsolate } from '../../../src/tasks/stop/isolate.ts';
import { runStop } from '../../../src/tasks/stop/one-stop.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import type { Isolates } from '../../../src/tasks/stop/price.ts';
import { measureStop, simulateStop } from '../../../src/tasks/stop/stop.ts';
import { TickingClock } from './ticking-clock.ts';

const S = 1_000_000_000n;
const READ_NS = 100;
const TSC_KHZ = 2_600_000;

/** A host with clocks that take 100 ns to read, and a wall clock that the test drives. */
const machine = (now: () => number = () => 0) => ({
  tscHz: TSC_KHZ * 1000,
  tscKhz: TSC_KHZ,
  clock: new TickingClock(READ_NS, TSC_KHZ),
  isolates: (job: IsolateJob, processes: number): Isolates => ({
    costs: Array.from({ length: processes }, () =>
      measureIsolate(
        { ...job, rounds: 20 },
        new TickingClock(READ_NS, TSC_KHZ),
        // 260 cycles for each advance under catch-up, 263 under clamp.
        (rows) => rows.set(Array.from(rows, (_, i) => (i % 2 === 0 ? 26_000n : 26_300n))),
        (names) => [...names].reverse(),
      ),
    ),
    reason: null,
  }),
  callback: () => ({ value: { ns: 160, lowNs: 125, highNs: 200 } }),
  now,
});

const options = (changes: Partial<StopOptions>): StopOptions => ({
  ...stopDefaults,
  stopsNs: [S, 10n * S],
  processes: 2,
  repeat: 2,
  budgetNs: 1e12,
  ...changes,
});

const measure = (changes: Partial<StopOptions> = {}, control: Control = quietControl, now?: () => number) =>
  stopResultSchema.parse(measureStop(machine(now), options(changes), control));

test('simulation and real clocks agree in every column that does not depend on speed', () => {
  // Real callbacks read the clocks once each: the same pace in virtual time.
  const simulation = { callbackNs: BigInt(READ_NS), exitNs: BigInt(READ_NS) };
  const simulated = simulateStop(options({ simulate: simulation }), simulation, quietControl);
  const exact = ({ policy, periodNs, stopNs, ended, lockup, backendAfter }: StopRow) => ({
    ...{ policy, periodNs, stopNs, ended, lockup, backendAfter },
  });
  const measured = measure();
  expect(measured.rows.map(exact)).toEqual(simulated.rows.map(exact));
  for (const [i, row] of measured.rows.entries()) {
    const other = simulated.rows[i];
    for (const column of ['callbacks', 'vmExits', 'interrupts', 'missedPeriods', 'lostTicks'] as const) {
      const slack = 3 + 0.003 * row[column];
      expect(Math.abs(row[column] - (other?.[column] ?? 0)), `${row.policy} ${column}`).toBeLessThan(slack);
    }
    if (row.policy !== 'clamp' && row.policy !== 'delay' && row.policy !== 'gate') {
      expect(row.phaseShiftNs).toBe(other?.phaseShiftNs);
    }
  }
});

test('one advance is timed with its reading of the clocks, each policy beside catch-up', () => {
  const { tickCost } = measure({ stopsNs: [S] });
  expect(tickCost?.map(({ policy }) => policy)).toEqual(stopDefaults.policies);
  for (const { p50Ns, overCatchUpNs, cycles } of tickCost ?? []) {
    // A hundred advances and the reading that ends them.
    expect(p50Ns).toBeCloseTo(READ_NS * 1.01, 6);
    expect(overCatchUpNs).toBe(0);
    expect(cycles).toBeCloseTo(p50Ns * 2.6, 6);
  }
});

test('the watchdog ends a callback storm, to one callback', () => {
  const [row] = measure({
    policies: ['catch-up'],
    periodsNs: [200_000n],
    stopsNs: [600n * S],
    watchdogNs: 20_000_000n,
  }).rows;
  expect(row).toMatchObject({ ended: 'watchdog', lockup: true });
  expect(row?.recoveryNs).toBeLessThan(20_000_000 * 1.05);
  expect(row?.callbacks).toBeCloseTo(20_000_000 / READ_NS, -1);
});

test('the threshold is known even where catch-up was not asked for', () => {
  const { lockupThreshold } = measure({ policies: ['clamp'], stopsNs: [S] });
  expect(lockupThreshold.length).toBeGreaterThan(0);
  for (const { periodNs, atHostCost, atCrashCost } of lockupThreshold) {
    expect(atHostCost.callbackNs).toBeCloseTo(READ_NS, 0);
    expect(atHostCost.stopNs / ((10e9 * (periodNs - READ_NS)) / READ_NS)).toBeCloseTo(1, 1);
    expect(atCrashCost.callbackNs).toBe(79);
  }
});

describe('a budget that is too short', () => {
  // Every look at the wall clock finds a second gone.
  let seconds = 0;
  const { rows } = measure(
    {
      policies: ['catch-up', 'clamp'],
      periodsNs: [200_000n],
      stopsNs: [S, 3600n * S, 86_400n * S],
      budgetNs: 2e9,
    },
    quietControl,
    () => seconds++ * 1e9,
  );
  const catchUp = rows.filter(({ policy }) => policy === 'catch-up');

  test('cuts the long rows, and projects them as a whole run would end', () => {
    expect(catchUp.map(({ ended }) => ended)).toEqual(['caught-up', 'budget', 'budget']);
    for (const { stopNs, periodNs, projected } of catchUp.slice(1)) {
      const whole = (stopNs * READ_NS) / (periodNs - READ_NS);
      expect((projected?.recoveryNs ?? 0) / whole).toBeCloseTo(1, 2);
      expect((projected?.callbacks ?? 0) / (stopNs / periodNs)).toBeCloseTo(1, 2);
    }
  });

  test('still tells a lockup, and calls it projected', () => {
    expect(catchUp.map(({ lockup }) => lockup)).toEqual([false, false, true]);
  });

  test('leaves the short ones whole', () => {
    expect(rows.filter(({ policy }) => policy === 'clamp').every(({ ended }) => ended === 'caught-up')).toBe(
      true,
    );
  });
});

describe('interrupted', () => {
  const cancelAfter = (reports: number): Control => {
    let seen = 0;
    return { progress: () => void seen++, cancelled: () => seen >= reports };
  };

  test('the rows measured so far are returned', () => {
    const { rows } = measure({ repeat: 1 }, cancelAfter(5));
    expect(rows).toHaveLength(5);
  });

  test('before the first row, there is none', () => {
    const { rows, lockupThreshold } = measure({}, { ...quietControl, cancelled: () => true });
    expect(rows).toEqual([]);
    expect(lockupThreshold.length).toBeLessThanOrEqual(2);
  });

  test('in the middle of a long recovery, that row is dropped', () => {
    const control: Control = { progress: () => {}, cancelled: () => ++asked > 3 };
    let asked = 0;
    const { rows } = measure(
      { policies: ['catch-up'], periodsNs: [200_000n], stopsNs: [86_400n * S] },
      control,
    );
    expect(rows).toEqual([]);
  });
});

test('progress grows and reaches its total', () => {
  const seen: number[][] = [];
  measure({ stopsNs: [S] }, { ...quietControl, progress: (...report) => void seen.push(report) });
  const done = seen.map(([share = 0]) => share);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(seen.at(-1)).toEqual([16, 16]);
});

/** Real clocks but for some callbacks of the recovery that last 100 us longer. */
class DisturbedHost extends RealStopHost {
  readonly #log: RecoveryLog;
  #left: number;

  constructor(log: RecoveryLog, disturbed: number) {
    super(new TickingClock(READ_NS, TSC_KHZ), TSC_KHZ * 1000, log);
    this.#log = log;
    this.#left = disturbed;
  }

  override callbackDone(): void {
    if (this.#log.recovering && this.#left > 0) {
      this.#left -= 1;
      this.leap(100_000n);
      this.read();
    }
    super.callbackDone();
  }
}

test("a callback's mean leaves out the longest one of each thousand", () => {
  const mean = (disturbed: number) => {
    const log = new RecoveryLog();
    const run = runStop(new DisturbedHost(log, disturbed), log, configFor(TSC_KHZ, 1_000_000n, false), {
      policy: 'catch-up',
      periodNs: 1_000_000n,
      stopNs: 10n * S,
      delivery: 'posted',
      watchdogNs: 10n * S,
      limitNs: 10n * S,
      handlingNs: 0n,
      phase: 0.5,
    });
    expect(Math.floor(log.stepNs.count / 1000)).toBe(10);
    return run?.callbackNs?.mean;
  };
  expect(mean(10)).toBe(mean(1));
  expect(mean(11)).toBeGreaterThan(mean(1) as number);
});
