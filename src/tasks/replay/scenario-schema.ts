import { z } from 'zod';
import { lapicDefaults } from '../../lapic/config.ts';
import { policyNames } from '../../lapic/policies.ts';
import { stepKinds } from '../../lapic/replay.ts';
import { timerStateSchema } from '../../schema/replay.ts';

const U32_MAX = 2 ** 32 - 1;
/** KVM_CAP_X86_APIC_BUS_CYCLES_NS refuses more: TMICT * this * 128 has to fit 64 bits. */
const BUS_CYCLE_MAX_NS = 33_554_432;

/** An integer within [min, max]: a string, decimal or 0x and hexadecimal digits, or a number that is exact. */
const integer = (min: bigint, max: bigint, range: string) =>
  z
    .union([z.string(), z.number()], { error: `is not an integer from ${range}` })
    .transform((given, context) => {
      const refuse = (message: string) => {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      if (typeof given === 'number' && !Number.isSafeInteger(given)) {
        return refuse(
          Number.isInteger(given)
            ? 'is a number past 2^53, which JSON cannot hold exactly; give it as a string'
            : `is not an integer; give one from ${range}`,
        );
      }
      if (typeof given === 'string' && !INTEGER.test(given)) {
        return refuse(`is not an integer from ${range}, decimal or hexadecimal (0x...)`);
      }
      const value = BigInt(given);
      return value < min || value > max ? refuse(`is outside ${range}`) : value;
    });

/** Up to 2^64 in either notation. */
const INTEGER = /^(-?\d{1,20}|0[xX][\da-fA-F]{1,16})$/;

const small = (min: number, max: number) =>
  integer(BigInt(min), BigInt(max), `${min} to ${max}`).transform(Number);

const u64 = integer(0n, 2n ** 64n - 1n, '0 to 2^64 - 1');
const ktime = integer(-(2n ** 63n), 2n ** 63n - 1n, '-2^63 to 2^63 - 1');
const u32 = small(0, U32_MAX);

/** `config` of a scenario: all but the policy and the TSC rate have KVM's defaults. */
const configSchema = z.strictObject({
  policy: z.enum(policyNames),
  guestTscKhz: small(1, U32_MAX),
  l1TscOffset: u64.default(lapicDefaults.l1TscOffset),
  l1TscScalingRatio: integer(1n, 2n ** 64n - 1n, '1 to 2^64 - 1')
    .nullable()
    .default(lapicDefaults.l1TscScalingRatio),
  preemptionTimerShift: small(0, 31).default(lapicDefaults.preemptionTimerShift),
  timerAdvanceNs: u32.default(lapicDefaults.timerAdvanceNs),
  minTimerPeriodUs: u32.default(lapicDefaults.minTimerPeriodUs),
  busCycleNs: small(1, BUS_CYCLE_MAX_NS).default(lapicDefaults.busCycleNs),
  hvTimer: z.boolean().default(lapicDefaults.hvTimer),
  tscDeadlineTimer: z.boolean().default(lapicDefaults.tscDeadlineTimer),
  apicv: z.boolean().default(lapicDefaults.apicv),
});

const at = { ktime, tsc: u64 };

/** One step, strict: a field that its `do` does not use is refused. */
export const stepSchema = z.discriminatedUnion(
  'do',
  [
    z.strictObject({ ...at, do: z.literal(stepKinds.register), value: u32 }),
    z.strictObject({ ...at, do: z.literal(stepKinds.deadline), value: u64 }),
    z.strictObject({ ...at, do: z.literal(stepKinds.plain) }),
  ],
  { error: `is not one of ${Object.values(stepKinds).flat().join(', ')}` },
);

/** An expected state: any of a state's fields, of any type, so that a wrong one is a difference. */
export const expectedStateSchema = z.partialRecord(
  timerStateSchema.keyof(),
  z.union([z.string(), z.number(), z.boolean(), z.null()], {
    error: 'is not a string, number, boolean or null',
  }),
);
export type ExpectedState = z.infer<typeof expectedStateSchema>;

/** A scenario, its steps and its expectation not looked at yet: there may be very many. */
export const scenarioSchema = z.strictObject({
  name: z.string(),
  config: configSchema,
  steps: z.array(z.unknown()),
  scale: z.strictObject({ mult: z.number(), shift: z.number() }).partial().optional(),
  expect: z.array(z.unknown()).optional(),
});
