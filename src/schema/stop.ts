import { z } from 'zod';
import { policyNames } from '../lapic/policies.ts';
import { count, percentiles } from './measured.ts';

/** What to do about missed periods: the policies of the model. */
export const policyName = z.enum(policyNames);

/** A figure and where the next run's will be, 95 times of 100. */
const interval = z.strictObject({ ns: z.number(), lowNs: z.number(), highNs: z.number() });
export type CostInterval = z.infer<typeof interval>;

/** What one run of `apic_timer_fn` takes in a burst of the real kernel, by its own tracepoints, or why it is not known. */
const callbackCost = z.union([
  z.strictObject({ value: interval }),
  z.strictObject({ value: z.null(), reason: z.string() }),
]);
export type CallbackCost = z.infer<typeof callbackCost>;

/** What a callback costs, and the stop that it makes a lockup, each with its interval; documents before 0.2 have none. */
const atCost = z.strictObject({
  callbackNs: z.number(),
  callbackLowNs: z.number().optional(),
  callbackHighNs: z.number().optional(),
  stopNs: z.number(),
  stopLowNs: z.number().optional(),
  stopHighNs: z.number().optional(),
});

/** A statistic over several runs of one row; of fewer than 100 runs the p99 is their maximum. */
const overRuns = z.strictObject({
  minNs: z.number(),
  p50Ns: z.number(),
  p99Ns: z.number(),
  maxNs: z.number(),
});

/** Why the measurement of a row ended. */
const STOP_ENDS = [
  /** The timer's next expiry was in the future again, and nothing was owed. */
  'caught-up',
  /** One hrtimer interrupt lasted as long as the watchdog allows. */
  'watchdog',
  /** Its share of the time was used up: what is beyond is projected. */
  'budget',
] as const;

const stopRowSchema = z.strictObject({
  policy: policyName,
  periodNs: z.number(),
  stopNs: z.number(),
  ended: z.enum(STOP_ENDS),
  /** hrtimer callbacks from the return to the end. */
  callbacks: count,
  vmExits: count,
  interrupts: count,
  /** Expiries that were handled: callbacks, exits of the HV timer, and the one on falling back to software. */
  expirations: count,
  /** Points of the timer's grid from leaving the guest to the end. */
  missedPeriods: count,
  /** Of these, the ones that the guest gets no interrupt for. */
  lostTicks: count,
  /** From the return to the end; with `ended` other than 'caught-up', how long it was followed. */
  recoveryNs: z.number(),
  recoveryCycles: z.number(),
  /** One step of the recovery: a callback, an exit of the HV timer, under `reinject` an interrupt; null without one. */
  callbackNs: percentiles
    .extend({
      /** Without the longest of each thousand: those are interruptions, which the kernel's callbacks do not have. */
      mean: z.number(),
    })
    .nullable(),
  /** How far the grid moved, within one period; in the timer's own time (see `frozenNs`). */
  phaseShiftNs: z.number(),
  /** How long the timer's own time stood still: about the stop under `freeze`, else 0. */
  frozenNs: z.number(),
  /** Shortest interval between two interrupts, from the return to the third tick after the end; null: fewer than two. */
  shortestIntervalNs: z.number().nullable(),
  backendAfter: z.enum(['hv', 'sw']),
  /** True: the watchdog fired, or would have (`ended` is 'budget' and the projection exceeds it). */
  lockup: z.boolean(),
  /** Lag that was left at the end. */
  behindNs: z.number(),
  /** Where it did not catch up: the totals at which it would have, at the measured pace; null members: never. */
  projected: z
    .strictObject({
      callbacks: z.number().nullable(),
      vmExits: z.number().nullable(),
      interrupts: z.number().nullable(),
      recoveryNs: z.number().nullable(),
    })
    .nullable(),
  /** How often the stop was repeated, each leaving the guest at another phase; the row is the median run. */
  runs: count,
  phaseShift: overRuns,
  recovery: overRuns,
});
export type StopRow = z.infer<typeof stopRowSchema>;

export const stopResultSchema = z.strictObject({
  simulated: z.boolean(),
  delivery: z.enum(['coalesced', 'posted']),
  watchdogNs: z.number(),
  tscHz: z.number(),
  /** The guest's TSC as KVM was told, integer kHz. */
  guestTscKhz: z.number(),
  rows: z.array(stopRowSchema),
  /** One advance of a timer without lag; null where time is simulated. */
  tickCost: z
    .array(
      z.strictObject({
        policy: policyName,
        /** Midmeans over fresh processes: of each one's middle half, and of what one batch of 100 in a hundred exceeds. */
        p50Ns: z.number(),
        /** The interval that contains the next run's 95 times of 100. Since version 0.2. */
        p50LowNs: z.number().optional(),
        p50HighNs: z.number().optional(),
        p99Ns: z.number(),
        cycles: z.number(),
        /** Less the cost under catch-up, with the interval that contains the next run's 95 times of 100. */
        overCatchUpNs: z.number(),
        overCatchUpLowNs: z.number(),
        overCatchUpHighNs: z.number(),
        overCatchUpCycles: z.number(),
      }),
    )
    .nullable(),
  /** What the clamp adds to catch-up's advance; null where it was not measured. Documents before 0.2 lack it. */
  clampPrice: z
    .strictObject({
      /** In native code: the comparison itself. The headline. */
      native: interval.extend({
        cycles: z.number(),
        /** One advance under each. */
        catchUpNs: z.number(),
        clampNs: z.number(),
        processes: count,
      }),
      /** As this model pays it, in JavaScript. */
      model: interval.extend({
        /** Fresh processes that count, and those whose code V8 left to a slower tier. */
        processes: count,
        slowProcesses: count,
        /** Two groups of processes whose code differs; `ns` is then no figure that a run would show. */
        modes: z.array(z.strictObject({ ns: z.number(), processes: count })).nullable(),
      }),
      kernel: callbackCost,
    })
    .nullable()
    .optional(),
  clampPriceReason: z.string().nullable().optional(),
  /** The stop whose recovery under catch-up takes as long as the watchdog allows. */
  lockupThreshold: z.array(
    z.strictObject({
      periodNs: z.number(),
      atHostCost: atCost,
      /** What the kernel's own callback takes here, by its trace; null where it was not measured. Documents before 0.2 lack it. */
      atKernelCost: atCost.required().nullable().optional(),
      atCrashCost: z.strictObject({ callbackNs: z.number(), stopNs: z.number() }),
    }),
  ),
});
export type StopResult = z.infer<typeof stopResultSchema>;
