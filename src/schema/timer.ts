import { z } from 'zod';
import { count, errorSize } from './measured.ts';
import { policyName } from './stop.ts';

/** What waits for the next expiry. */
export const TIMER_BACKENDS = [
  /** clock_nanosleep on the ktime deadline, as KVM's hrtimer. */
  'hrtimer',
  /** Spins on the TSC deadline, as the VMX preemption timer's hardware. */
  'tsc',
  /** Sleeps until shortly before the ktime deadline, then spins. */
  'hybrid',
] as const;
export type TimerBackend = (typeof TIMER_BACKENDS)[number];

/** From the deadline, as ktime, to the first instruction after the wait. */
const latenessNs = z
  .strictObject({
    min: z.number(),
    mean: z.number(),
    p50: z.number(),
    p90: z.number(),
    p99: z.number(),
    p999: z.number(),
    max: z.number(),
  })
  .nullable();

const interval = z.strictObject({ low: z.number(), high: z.number() }).nullable();

/** Ticks by lateness: `count` in [fromNs, toNs). */
const histogram = z.array(z.strictObject({ fromNs: z.number(), toNs: z.number(), count }));

export const timerResultSchema = z.strictObject({
  policy: policyName,
  backend: z.enum(TIMER_BACKENDS),
  /** What the timer ended on: under `catch-up` a stop moves it from the TSC to the hrtimer for good. */
  backendAfter: z.enum(['hv', 'sw']),
  periodNs: z.number(),
  durationNs: z.number(),
  /** Interrupts. */
  ticks: count,
  /** Periods that passed without a tick. */
  missed: count,
  /** Times that the thread really left, and for how long each. */
  stops: count,
  stopForNs: z.number(),
  latenessNs,
  /** 95 % intervals of the percentiles, ns; null for one that this many ticks cannot bound. Since version 0.2. */
  latenessIntervals: z
    .strictObject({
      /** Of the lateness of neighbouring ticks (lag 1, logarithms): it widens the intervals. */
      correlation: z.number(),
      p50: interval,
      p90: interval,
      p99: interval,
      p999: interval,
      /** Why the maximum has none. */
      maxReason: z.string(),
    })
    .nullable()
    .optional(),
  histogram,
  /** Ticks in bars of one width from 0 on, `early` before the first and `beyond` after the last; null where not asked for. Since version 0.2. */
  bars: z
    .strictObject({ widthNs: z.number(), counts: z.array(count), early: count, beyond: count })
    .nullable()
    .optional(),
  /** Times that the quota of the control group stopped the process during the run, and for how long; null where it has no count. Since version 0.2. */
  throttled: z.strictObject({ times: count, ns: z.number() }).nullable().optional(),
  /** cyclictest at the same period, priority and CPU, right before; null where it was not asked for. */
  cyclictest: z
    .strictObject({
      version: z.string().nullable(),
      ticks: count,
      latenessNs,
      histogram,
      /** Since version 0.2. */ scheduling: z.enum(['fifo', 'other']).optional(),
    })
    .nullable(),
  /** The TSC deadline, as ktime, less the ktime deadline. */
  divergence: z
    .strictObject({
      /** Its slope over the run, and the slope's standard error. */
      rateRatio: z.number(),
      rateStandardError: errorSize,
      /**
       * `lattice`: where between two steps of the TSC the values lie, which no delay of a reading moves; `quantile`: the
       * readings least delayed, or the median where the policy takes both deadlines from one target. Since version 0.2.
       */
      estimator: z.enum(['lattice', 'quantile']).optional(),
      atEndNs: z.number(),
      maxAbsNs: z.number(),
      /** From the rounding of the period in cycles and from the TSC's rate, whose interval gives low and high. */
      predictedRateRatio: z.number(),
      predictedLowRatio: z.number(),
      predictedHighRatio: z.number(),
      /** [ns since the start of the run, ns], thinned for drawing. */
      points: z.array(z.tuple([z.number(), z.number()])),
    })
    .nullable(),
  guestTscKhz: z.number(),
});
export type TimerResult = z.infer<typeof timerResultSchema>;
