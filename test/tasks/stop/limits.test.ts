import { expect, test } from 'vitest';
import { budgetLimits, cellsOf, simulatedLimits } from '../../../src/tasks/stop/matrix.ts';
import { stopDefaults } from '../../../src/tasks/stop/options.ts';

const { policies, periodsNs, stopsNs, watchdogNs, budgetNs } = stopDefaults;
const cells = cellsOf(policies, periodsNs, stopsNs);

test.each([1.5e9, 15e9, budgetNs])(
  'rows that all use what they may have stay within a budget of %d',
  (budget) => {
    let used = 0;
    const limits = budgetLimits(budget, watchdogNs, false, () => used);
    for (const cell of cells) used += Number(limits.limitNs(cell, false));
    // Ten milliseconds a row are always given.
    expect(used).toBeLessThanOrEqual(budget + cells.length * 10e6);
  },
);

test('by default a stop under catch-up is followed to the watchdog, the next longer one briefly', () => {
  const limits = budgetLimits(budgetNs, watchdogNs, false, () => 0);
  const cell = { policy: 'catch-up', periodNs: 200_000n, stopNs: 1n } as const;
  expect(limits.limitNs(cell, false)).toBe(watchdogNs);
  expect(limits.limitNs(cell, true)).toBeLessThan(watchdogNs / 10n);
});

test('in virtual time every lockup is followed to the watchdog', () => {
  const limits = simulatedLimits(watchdogNs, false, { callbackNs: 79n, exitNs: 1000n });
  expect(limits.limitNs({ policy: 'catch-up', periodNs: 200_000n, stopNs: 1n }, true)).toBe(watchdogNs);
});
