import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { advancePeriodicTargetExpiration } from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policies, policyNames } from '../../src/lapic/policies.ts';

const T = 1_000_000_000n;
const P = 200_000n;

/** A timer with its target at T, advanced at T + lag. */
function advanced(name: PolicyName, lag: bigint, period: bigint): LapicTimer {
  const clock = new ScriptedClock();
  const timer = new LapicTimer({ ...lapicDefaults, guestTscKhz: 1_000_000 }, policies[name], clock);
  timer.period = period;
  timer.targetExpiration = T;
  clock.set(T + lag, 0n);
  advancePeriodicTargetExpiration(timer);
  return timer;
}

/** The next target relative to T, for a lag. */
const next = (name: PolicyName, lag: bigint, period = P) => advanced(name, lag, period).targetExpiration - T;

describe.each<[PolicyName, [bigint, bigint, bigint, bigint, bigint, bigint]]>([
  // early (by ten periods or less than one), on time, 1 ns late, exactly one period late, one period and 1 ns, 50.5 periods late
  ['independent', [P, P, P, P, P, P]],
  ['catch-up', [P, P, P, P, P, P]],
  ['clamp', [P, P, P, P, P + 1n, 50n * P + P / 2n]],
  ['skip', [P, P, P, 2n * P, 2n * P, 51n * P]],
  ['delay', [P, P, P, 2n * P, 2n * P + 1n, 51n * P + P / 2n]],
  ['freeze', [P, P, P, P, P + 1n, 50n * P + P / 2n]],
  ['reinject', [P, P, P, 2n * P, 2n * P, 51n * P]],
  ['gate', [P, P, P, P, P + 1n, 50n * P + P / 2n]],
])('%s', (name, expected) => {
  test.each([
    ['ten periods early', -10n * P, expected[0]],
    ['early', -2_836n, expected[0]],
    ['on time', 0n, expected[1]],
    ['1 ns late', 1n, expected[2]],
    ['exactly one period late', P, expected[3]],
    ['a period and 1 ns late', P + 1n, expected[4]],
    ['50.5 periods late', 50n * P + P / 2n, expected[5]],
  ])('%s', (_when, lag, target) => {
    expect(next(name, lag)).toBe(target);
  });

  test('period 0 neither divides by zero nor goes past now', () => {
    for (const lag of [-1n, 0n, 1n, P]) {
      const moved = next(name, lag, 0n);
      expect(moved).toBeGreaterThanOrEqual(0n);
      expect(moved).toBeLessThanOrEqual(lag > 0n ? lag : 0n);
    }
  });
});

const lags = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 56n });
const periods = fc.bigInt({ min: 1n, max: 2n ** 40n });

test('less than a period late, every policy moves on by one period', () => {
  fc.assert(
    fc.property(periods, fc.nat(999), (period, share) => {
      for (const name of policyNames) {
        expect(next(name, (period * BigInt(share)) / 1000n, period)).toBe(period);
      }
    }),
  );
});

test('no policy but independent and catch-up leaves the target in the past', () => {
  fc.assert(
    fc.property(lags, periods, (lag, period) => {
      for (const name of policyNames) {
        if (name === 'independent' || name === 'catch-up') continue;
        expect(next(name, lag, period)).toBeGreaterThanOrEqual(lag);
      }
    }),
  );
});

test('skip and reinject stay on the grid, and no later than a period from now', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 56n }), periods, (lag, period) => {
      for (const name of ['skip', 'reinject'] as const) {
        const moved = next(name, lag, period);
        expect(moved % period).toBe(0n);
        expect(moved - lag).toBeGreaterThan(0n);
        expect(moved - lag).toBeLessThanOrEqual(period);
      }
    }),
  );
});

test('reinject owes whole missed periods, nobody else owes any', () => {
  const owed = (name: PolicyName, lag: bigint, period = P) => advanced(name, lag, period).owed;
  const lags = [-1n, 0n, P - 1n, P, P + 1n, 10n * P];
  expect(lags.map((lag) => owed('reinject', lag))).toEqual([0n, 0n, 0n, 1n, 1n, 10n]);
  expect(owed('reinject', 1n, 0n)).toBe(0n);
  for (const name of policyNames) if (name !== 'reinject') expect(owed(name, 10n * P)).toBe(0n);
});

test('the table begins with the eight policies of the contract', () => {
  const rules = policyNames.slice(0, 8).map((name) => {
    const { summary: _, ...rule } = policies[name];
    return [name, ...Object.values(rule)].join(' ');
  });
  expect(rules).toEqual([
    'independent accumulated expiry-plus-period runs false advance',
    'catch-up from-target expiry-plus-period runs false advance',
    'clamp from-target target runs false clamp',
    'skip from-target target runs false skip',
    'delay from-target target runs false delay',
    'freeze from-target target frozen false clamp',
    'reinject from-target target runs true skip',
    'gate from-target target gated false clamp',
  ]);
  const summaries = policyNames.map((name) => policies[name].summary);
  expect(new Set(summaries).size).toBe(policyNames.length);
  for (const summary of summaries) expect(summary).toMatch(/^[^A-Z].{19,110}[^.]$/);
});
