import { describe, expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import type { PolicyName } from '../../../src/lapic/policies.ts';
import { type StopRow, stopResultSchema } from '../../../src/schema/stop.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import { simulateStop } from '../../../src/tasks/stop/stop.ts';

const S = 1_000_000_000n;
const costs = { callbackNs: 79n, exitNs: 1000n };

function simulate(changes: Partial<StopOptions> = {}) {
  const options = { ...stopDefaults, stopsNs: [S, 10n * S], repeat: 2, simulate: costs, ...changes };
  return stopResultSchema.parse(simulateStop(options, options.simulate ?? costs, quietControl));
}

const everything = simulate();
const rowsOf = (policy: PolicyName): StopRow[] => {
  const rows = everything.rows.filter((row) => row.policy === policy);
  expect(rows).not.toEqual([]);
  return rows;
};

test('the same options give the same bytes', () => {
  expect(JSON.stringify(simulate())).toBe(JSON.stringify(everything));
});

test('a row for each policy, period and stop, in the order asked for', () => {
  const asked = stopDefaults.policies.flatMap((policy) =>
    stopDefaults.periodsNs.flatMap((periodNs) => [S, 10n * S].map((stopNs) => [policy, periodNs, stopNs])),
  );
  const given = everything.rows.map((row) => [row.policy, BigInt(row.periodNs), BigInt(row.stopNs)]);
  expect(given).toEqual(asked);
});

describe('what a maintainer knows of each policy', () => {
  test('catch-up runs a callback for each missed period, then stays on the hrtimer', () => {
    for (const row of rowsOf('catch-up')) {
      expect(Math.abs(row.callbacks - row.missedPeriods)).toBeLessThanOrEqual(3);
      expect(Math.abs(row.callbacks - row.stopNs / row.periodNs)).toBeLessThan(0.001 * row.callbacks + 4);
      expect(row).toMatchObject({ backendAfter: 'sw', phaseShiftNs: 0, interrupts: 1, vmExits: 1 });
      expect(row.callbackNs).toEqual({ p50: 79, p99: 79, mean: 79 });
    }
  });

  test('clamp expires twice, loses the rest, then runs on period', () => {
    for (const row of rowsOf('clamp')) {
      expect(row).toMatchObject({ expirations: 2, callbacks: 0, interrupts: 1, backendAfter: 'hv' });
      expect(row.lostTicks).toBe(row.missedPeriods - 1);
      // The second exit takes its time, and comes before the one interrupt.
      expect(row.shortestIntervalNs).toBe(row.periodNs - Number(costs.exitNs));
    }
  });

  test('skip keeps the phase to the nanosecond, delay starts a new one', () => {
    for (const row of rowsOf('skip')) {
      expect(row).toMatchObject({ expirations: 1, phaseShiftNs: 0, interrupts: 1 });
      expect(row.phaseShift).toEqual({ minNs: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 });
    }
    for (const row of rowsOf('delay')) {
      expect(row).toMatchObject({ expirations: 1, interrupts: 1, shortestIntervalNs: row.periodNs });
    }
  });

  test('freeze loses neither phase nor tick of its own time, which stood still for the stop', () => {
    for (const row of rowsOf('freeze')) {
      expect(row).toMatchObject({ phaseShiftNs: 0, lostTicks: 0, frozenNs: row.stopNs, expirations: 0 });
      expect(row.shortestIntervalNs).toBe(row.periodNs);
    }
  });

  test('reinject delivers every tick', () => {
    for (const row of rowsOf('reinject')) {
      expect(row).toMatchObject({ lostTicks: 0, interrupts: row.missedPeriods, phaseShiftNs: 0 });
    }
  });

  test('independent exits once for each missed period and gives the guest one interrupt', () => {
    for (const row of rowsOf('independent')) {
      // Its TSC deadlines leave the grid by the rounding of each period.
      expect(Math.abs(row.vmExits - row.missedPeriods)).toBeLessThanOrEqual(1);
      expect(row).toMatchObject({ interrupts: 1, backendAfter: 'hv', phaseShiftNs: 0 });
    }
  });

  test('gate does as clamp does, because a late HV timer is not an hrtimer that fired', () => {
    for (const [i, row] of rowsOf('gate').entries()) {
      expect({ ...row, policy: 'clamp' }).toEqual(rowsOf('clamp')[i]);
    }
  });
});

test('the phase shift of clamp spreads over the period, that of the grid policies does not', () => {
  const { rows } = simulate({ repeat: 100, stopsNs: [S], policies: ['clamp', 'skip', 'catch-up'] });
  for (const { policy, periodNs, runs, phaseShift } of rows) {
    if (policy === 'clamp') {
      expect(runs).toBe(100);
      expect(phaseShift.minNs).toBeLessThan(0.05 * periodNs);
      expect(phaseShift.maxNs).toBeGreaterThan(0.95 * periodNs);
      expect(Math.abs(phaseShift.p50Ns / periodNs - 0.5)).toBeLessThan(0.05);
    } else {
      expect(phaseShift.maxNs).toBe(0);
    }
  }
});

describe('posted delivery', () => {
  const { rows } = simulate({ delivery: 'posted', policies: ['catch-up', 'clamp', 'skip'] });
  const posted = (policy: PolicyName) => rows.filter((row) => row.policy === policy);

  test('the backlog under catch-up is a storm: an interrupt a callback, as far apart as callbacks', () => {
    for (const row of posted('catch-up')) {
      expect(row.interrupts).toBe(row.callbacks);
      expect(row.lostTicks).toBe(0);
      expect(row.shortestIntervalNs).toBe(79);
    }
  });

  test('clamp and skip deliver one or two', () => {
    for (const row of posted('clamp')) expect(row.interrupts).toBe(2);
    for (const row of posted('skip')) expect(row.interrupts).toBe(1);
  });
});

describe('beyond the watchdog', () => {
  const watchdogNs = 5_000_000n;
  const only = { policies: ['catch-up'], periodsNs: [200_000n], watchdogNs, repeat: 1 } as const;

  test('a lockup: followed for the watchdog, still behind, the rest projected', () => {
    const [row] = simulate({ ...only, stopsNs: [60n * S] }).rows;
    const [whole] = simulate({ ...only, stopsNs: [60n * S], watchdogNs: 10n * S }).rows;
    expect(row).toMatchObject({ lockup: true, ended: 'watchdog' });
    expect(row?.recoveryNs).toBeGreaterThanOrEqual(5_000_000);
    expect(row?.recoveryNs).toBeLessThan(5_000_000 * 1.001);
    expect(row?.callbacks).toBe(Math.ceil(5_000_000 / 79));
    expect(row?.behindNs).toBeGreaterThan(60e9 - Math.ceil(5_000_000 / 79) * 200_000 - 200_000);
    expect(whole).toMatchObject({ lockup: false, ended: 'caught-up', projected: null });
    expect((row?.projected?.callbacks ?? 0) / (whole?.callbacks ?? 1)).toBeCloseTo(1, 3);
    expect((row?.projected?.recoveryNs ?? 0) / (whole?.recoveryNs ?? 1)).toBeCloseTo(1, 2);
  });

  test('the threshold lies between the longest stop that recovers and the shortest that does not', () => {
    const { lockupThreshold } = simulate({ ...only, stopsNs: [S] });
    const stopNs = lockupThreshold[0]?.atHostCost.stopNs ?? 0;
    const around = [0.999, 1.001].map((share) => BigInt(Math.round(stopNs * share)));
    expect(simulate({ ...only, stopsNs: around }).rows.map(({ lockup }) => lockup)).toEqual([false, true]);
  });

  test('a recovery without a watchdog is cut after a while, and projected from its pace', () => {
    const { rows } = simulate({
      policies: ['independent', 'reinject'],
      periodsNs: [200_000n],
      stopsNs: [36_500n * 86_400n * S],
    });
    for (const row of rows) {
      expect(row).toMatchObject({ ended: 'budget', lockup: false, runs: 1 });
      const missed = Number(36_500n * 86_400n * S) / 200_000;
      const counted = row.policy === 'reinject' ? row.projected?.interrupts : row.projected?.vmExits;
      expect((counted ?? 0) / missed).toBeGreaterThan(0.99);
      expect((counted ?? 0) / missed).toBeLessThan(1.01);
    }
  });

  test('callbacks as long as a period never catch up', () => {
    const [row] = simulate({ ...only, stopsNs: [S], simulate: { callbackNs: 200_000n, exitNs: 1n } }).rows;
    expect(row?.lockup).toBe(true);
    expect(row?.projected).toMatchObject({ callbacks: null, recoveryNs: null });
  });
});
