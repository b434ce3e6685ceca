import fc from 'fast-check';
import type { LapicConfig } from '../../src/lapic/config.ts';
import { type PolicyName, policyNames } from '../../src/lapic/policies.ts';
import type { Scenario, Step } from '../../src/lapic/replay.ts';

const U64_MAX = 2n ** 64n - 1n;
export const u64 = (): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: U64_MAX });
export const khz = (): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1_000_000, max: 5_000_000 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));

export const configs: fc.Arbitrary<LapicConfig> = fc.record({
  guestTscKhz: khz(),
  l1TscOffset: fc.oneof(fc.constant(0n), u64()),
  l1TscScalingRatio: fc.oneof(
    fc.constant(null),
    fc.bigInt({ min: 1n << 46n, max: 1n << 50n }),
    fc.bigInt({ min: 1n, max: U64_MAX }),
  ),
  preemptionTimerShift: fc.constantFrom(0, 5, 7, 31),
  timerAdvanceNs: fc.constantFrom(0, 1000, 2836, 5000, 2 ** 32 - 1),
  minTimerPeriodUs: fc.constantFrom(0, 200, 500),
  busCycleNs: fc.constantFrom(1, 40, 33_554_432),
  hvTimer: fc.boolean(),
  tscDeadlineTimer: fc.boolean(),
  apicv: fc.boolean(),
});

/** Steps of time that hit a period, miss it by a nanosecond, are a long stop, or run backwards. */
const pause = fc.oneof(
  fc.bigInt({ min: 0n, max: 3_000_000n }),
  fc.constantFrom(0n, 1n, 199_999n, 200_000n, 200_001n, 10_000_000_000n, 86_400_000_000_000n * 56n),
  fc.bigInt({ min: -1_000_000n, max: 2n ** 55n }),
);

type What = Step extends infer One ? (One extends Step ? Omit<One, 'ktime' | 'tsc'> : never) : never;

const what: fc.Arbitrary<What> = fc.oneof(
  fc.record({
    do: fc.constant('lvtt' as const),
    value: fc.oneof(fc.constantFrom(0x20, 0x20020, 0x40020, 0x60020, 0x10020, 0x30020), fc.nat(0xffff_ffff)),
  }),
  fc.record({
    do: fc.constant('tmict' as const),
    value: fc.oneof(fc.constantFrom(0, 1, 100_000, 200_000, 1_739_904), fc.nat(0xffff_ffff)),
  }),
  fc.record({ do: fc.constant('tdcr' as const), value: fc.nat(15) }),
  fc.record({ do: fc.constant('tscdeadline' as const), value: fc.oneof(fc.constant(0n), u64()) }),
  fc.record({
    do: fc.constantFrom(
      'tmcct' as const,
      'hv-expire' as const,
      'hv-expire' as const,
      'hrtimer-expire' as const,
      'hrtimer-expire' as const,
      'block' as const,
      'unblock' as const,
      'inject' as const,
      'save-restore' as const,
    ),
  }),
);

/** Scenarios in which anything may follow anything. */
export const scenarios = (policies: readonly PolicyName[] = policyNames): fc.Arbitrary<Scenario> =>
  fc
    .record({
      config: configs,
      policy: fc.constantFrom(...policies),
      start: fc.record({ ktime: fc.bigInt({ min: 0n, max: 2n ** 56n }), tsc: u64() }),
      acts: fc.array(fc.tuple(pause, what), { maxLength: 40 }),
    })
    .map(({ config, policy, start, acts }) => {
      let { ktime, tsc } = start;
      const steps = acts.map(([ns, act]): Step => {
        ktime = BigInt.asIntN(64, ktime + ns);
        tsc = BigInt.asUintN(64, tsc + (ns * BigInt(config.guestTscKhz)) / 1_000_000n);
        return { ktime, tsc, ...act };
      });
      return { config, policy, steps };
    });
