import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { policyNames } from '../../../src/lapic/policies.ts';
import { stopDefaults } from '../../../src/tasks/stop/options.ts';
import { simulateStop } from '../../../src/tasks/stop/stop.ts';

/** Stops that a walk ends soon: up to a few thousand periods, any costs, watchdogs that fire and some that do not. */
const cases = fc.record({
  periodNs: fc.bigInt({ min: 1_000n, max: 300_000n }),
  missed: fc.integer({ min: 0, max: 2_000 }),
  extra: fc.integer({ min: 0, max: 999 }),
  callbackShare: fc.constantFrom(1e-6, 0.001, 0.02, 0.3, 0.5, 0.8),
  exitShare: fc.constantFrom(1e-6, 0.001, 0.02, 0.3, 0.8),
  watchdogNs: fc.constantFrom(100_000n, 1_000_000n, 10_000_000_000n),
  delivery: fc.constantFrom('coalesced' as const, 'posted' as const),
});

test('what repeats is computed to what a walk comes to, to the nanosecond and the count', () => {
  fc.assert(
    fc.property(cases, ({ periodNs, missed, extra, callbackShare, exitShare, watchdogNs, delivery }) => {
      const part = (share: number) => BigInt(Math.max(1, Math.round(Number(periodNs) * share)));
      const simulation = { callbackNs: part(callbackShare), exitNs: part(exitShare) };
      const options = {
        ...stopDefaults,
        // Reinject means nothing posted, and never ends where an exit and an interrupt take longer than a period.
        policies: policyNames.filter(
          (name) => name !== 'reinject' || (delivery === 'coalesced' && callbackShare + exitShare < 0.9),
        ),
        periodsNs: [periodNs],
        stopsNs: [periodNs * BigInt(missed) + (periodNs * BigInt(extra)) / 1000n + 1n],
        repeat: 1,
        simulate: simulation,
        watchdogNs,
        delivery,
      };
      const leapt = simulateStop(options, simulation, quietControl);
      expect(leapt).toEqual(simulateStop(options, simulation, quietControl, true));
    }),
    { numRuns: 30 },
  );
  // The walk is millions of steps: a busy machine takes its time.
}, 180_000);

test('a hundred years under catch-up and independent take no time to speak of', () => {
  const simulation = { callbackNs: 79n, exitNs: 1_000n };
  const options = {
    ...stopDefaults,
    policies: ['catch-up', 'independent', 'reinject'] as const,
    stopsNs: [36_500n * 86_400_000_000_000n],
    simulate: simulation,
  };
  const began = process.cpuUsage();
  const { rows } = simulateStop(options, simulation, quietControl);
  const { user } = process.cpuUsage(began);
  // A walk of the two lockups alone is 250 million callbacks: ten seconds and more.
  expect(user / 1e6).toBeLessThan(5);
  expect(rows.filter(({ policy }) => policy === 'catch-up').map(({ callbacks }) => callbacks)).toEqual([
    Math.ceil(10e9 / 79),
    Math.ceil(10e9 / 79),
  ]);
});
