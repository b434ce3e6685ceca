import { expect, test } from 'vitest';
import { budgetLimit, cellsOf, simulatedLimit } from '../../../src/tasks/stop/matrix.ts';
import { stopDefaults } from '../../../src/tasks/stop/options.ts';

const { watchdogNs, budgetNs } = stopDefaults;
const cells = cellsOf(stopDefaults);

test.each([1.5e9, 15e9, budgetNs])(
  'rows that all use what they may have stay within a budget of %d',
  (budget) => {
    let used = 0;
    const limitOf = budgetLimit(budget, watchdogNs, false, () => used);
    for (const cell of cells) used += Number(limitOf(cell, false));
    // Ten milliseconds a row are always given.
    expect(used).toBeLessThanOrEqual(budget + cells.length * 10e6);
  },
);

test('by default a stop under catch-up is followed to the watchdog, the next longer one briefly', () => {
  const limitOf = budgetLimit(budgetNs, watchdogNs, false, () => 0);
  const cell = { policy: 'catch-up', periodNs: 200_000n, stopNs: 1n } as const;
  expect(limitOf(cell, false)).toBe(watchdogNs);
  expect(limitOf(cell, true)).toBeLessThan(watchdogNs / 10n);
});

test('in virtual time every lockup is followed to the watchdog', () => {
  const limitOf = simulatedLimit(watchdogNs, false, { callbackNs: 79n, exitNs: 1000n });
  expect(limitOf({ policy: 'catch-up', periodNs: 200_000n, stopNs: 1n }, true)).toBe(watchdogNs);
});
