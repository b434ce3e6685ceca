import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { type StopRow, stopResultSchema } from '../../src/schema/stop.ts';
import { type StopOptions, stopDefaults } from '../../src/tasks/stop/options.ts';
import { stopTask } from '../../src/tasks/stop/task.ts';

const S = 1_000_000_000n;
const quiet = { cpu: null, priority: 0 };
const run = (changes: Partial<StopOptions>) =>
  stopResultSchema.parse(
    stopTask({ ...stopDefaults, quiet, repeat: 3, stopsNs: [S, 20n * S], ...changes }, quietControl).result,
  );

/** What a busy host cannot change. */
const independentOfSpeed = ({ policy, periodNs, stopNs, ended, lockup, backendAfter }: StopRow) => ({
  ...{ policy, periodNs, stopNs, ended, lockup, backendAfter },
});

test('real clocks and virtual time agree in every column that does not depend on speed', () => {
  const { rows } = run({});
  const simulated = run({ simulate: { callbackNs: 79n, exitNs: 1000n } });
  expect(rows.map(independentOfSpeed)).toEqual(simulated.rows.map(independentOfSpeed));
  for (const row of rows) {
    if (row.policy === 'catch-up') {
      expect(Math.abs(row.callbacks - row.missedPeriods)).toBeLessThanOrEqual(3);
      expect(row.vmExits).toBe(1);
    }
    if (row.policy === 'skip' || row.policy === 'catch-up' || row.policy === 'independent') {
      expect(row.phaseShiftNs).toBe(0);
    }
    if (row.policy === 'freeze') expect(row).toMatchObject({ phaseShiftNs: 0, lostTicks: 0 });
    if (row.policy === 'reinject') expect(row.lostTicks).toBeLessThanOrEqual(1);
    if (row.callbackNs !== null) expect(row.callbackNs.p99).toBeGreaterThanOrEqual(row.callbackNs.p50);
  }
});

/** Until one run is not disturbed by other work on this machine. */
function eventually<T>(attempt: () => T, good: (value: T) => boolean): T {
  let value = attempt();
  for (let i = 0; i < 8 && !good(value); i++) value = attempt();
  return value;
}

test('clamp expires exactly twice, then runs on period', () => {
  const row = eventually(
    () => run({ policies: ['clamp'], periodsNs: [1_000_000n], stopsNs: [3600n * S] }).rows[0],
    (found) => found?.expirations === 2 && (found.shortestIntervalNs ?? 0) > 900_000,
  );
  expect(row).toMatchObject({ expirations: 2, callbacks: 0, interrupts: 1, backendAfter: 'hv' });
  expect(row?.shortestIntervalNs).toBeGreaterThan(900_000);
});

test('the watchdog is honoured within 5 %', () => {
  const watchdogNs = 60_000_000n;
  const row = eventually(
    () => run({ policies: ['catch-up'], periodsNs: [200_000n], stopsNs: [86_400n * S], watchdogNs }).rows[0],
    (found) => (found?.recoveryNs ?? 0) < 63e6,
  );
  expect(row).toMatchObject({ lockup: true, ended: 'watchdog' });
  expect(row?.recoveryNs).toBeGreaterThanOrEqual(60e6);
  expect(row?.recoveryNs).toBeLessThan(63e6);
  expect((row?.projected?.callbacks ?? 0) / 432e6).toBeCloseTo(1, 1);
});

test('every advance costs something, and cycles are ns at the TSC rate', () => {
  const { tickCost, tscHz } = run({ stopsNs: [S], periodsNs: [1_000_000n] });
  if (tickCost === null) throw new Error('no cost was measured');
  expect(tickCost.length).toBeGreaterThan(0);
  for (const { p50Ns, p99Ns, cycles, overCatchUpLowNs, overCatchUpNs, overCatchUpHighNs } of tickCost) {
    expect(p50Ns).toBeGreaterThan(1);
    expect(p99Ns).toBeGreaterThanOrEqual(p50Ns);
    expect(cycles).toBeCloseTo((p50Ns * tscHz) / 1e9, 3);
    expect(overCatchUpLowNs).toBeLessThanOrEqual(overCatchUpNs);
    expect(overCatchUpHighNs).toBeGreaterThanOrEqual(overCatchUpNs);
  }
});
