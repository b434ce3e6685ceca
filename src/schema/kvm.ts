import { z } from 'zod';
import { CRASH_CALLBACK_NS } from '../lapic/virtual-host.ts';
import { count } from './measured.ts';

/** What the guest does between interrupts. */
const loopSchema = z.enum(['halt', 'spin']);

/** How far interrupts come after the points of the timer's grid, ns. */
const latenessSchema = z.strictObject({
  minNs: z.number(),
  meanNs: z.number(),
  p50Ns: z.number(),
  p90Ns: z.number(),
  p99Ns: z.number(),
  maxNs: z.number(),
});

/** A guest that was left to run. */
const kvmRunningSchema = z.strictObject({
  loop: loopSchema,
  periodNs: z.number(),
  divide: count,
  ticks: count,
  /** Ticks for which no interrupt of their own came: the one before was still on its way. */
  coalesced: count,
  /** The period as the interrupts show it, ns of ktime, and TSC cycles. */
  meanPeriodNs: z.number(),
  meanPeriodErrorNs: z.number(),
  meanPeriodCycles: z.number(),
  latenessNs: latenessSchema,
});

/** KVM's counters of the vCPU that moved, by KVM's names; null before Linux 5.14. */
const stats = z.record(z.string(), z.number()).nullable();
/** A share of all CPUs' time, from /proc/stat. */
const share = z.number().nullable();

const kvmVerdict = z.enum(['keeps-running', 'clamps', 'catches-up', 'inconclusive']);

/** TMCCT read from outside; times in ns from the resume. */
const reading = z.strictObject({
  /** Middle of the ktime before and after the read, and half of the time between the two. */
  atNs: z.number(),
  uncertaintyNs: z.number(),
  /** The count times the divide count: ns until the next interrupt, as the local APIC says. */
  remainingNs: z.number(),
});

/** What KVM's own tracepoints say of a vCPU's timer; null where this kernel has no such event. */
const vcpuEvents = z.strictObject({
  /** How often the timer was moved to the preemption timer, and away from it. */
  toPreemptionTimer: count.nullable(),
  toSoftwareTimer: count.nullable(),
  /** Timer interrupts that the vCPU's thread gave to the local APIC. */
  accepted: count.nullable(),
  /** How long after its deadline a guest on the preemption timer was entered, by median; null where none was. */
  entryLateNs: z.number().nullable(),
  /** Each tracepoint that is not there, with the reason. */
  missing: z.array(z.string()),
});

/** The kernel's tracepoints of a resume. */
const kvmStopTraceSchema = z.strictObject({
  /** Why there is none; null where there is. */
  reason: z.string().nullable(),
  /** Runs of `apic_timer_fn` from the resume to the guest's first interrupt: the catch-up burst, if there is one. */
  callbacks: count.nullable(),
  vcpu: vcpuEvents.nullable(),
  /** Events that found no room. */
  lost: count,
});

/** A guest that was stopped and resumed. */
const kvmStopSchema = z.strictObject({
  loop: loopSchema,
  stop: z.enum(['pause', 'sigstop', 'save-restore']),
  periodNs: z.number(),
  stopNs: z.number(),
  /**
   * Ticks of the old grid that came due after the last interrupt before the stop, up to the resume, and those of them for
   * which no interrupt came before the next tick was due.
   */
  missedTicks: count,
  lostTicks: z.int(),
  interruptsFirstPeriod: count,
  /** From the resume; null where none came. */
  firstInterruptNs: z.number().nullable(),
  /** The first 50 interrupts, ns from the resume. */
  deliveriesNs: z.array(z.number()),
  /** Whether interrupts after the resume are on the grid of those before the stop; null where that is unclear. */
  onGrid: z.boolean().nullable(),
  /** How much later in the period interrupts come than before the stop, as the shorter way round. */
  phaseShiftNs: z.number().nullable(),
  phaseShiftErrorNs: z.number().nullable(),
  /** How far the resume was past a point of the old grid: what a grid that starts at the resume is shifted by. */
  resumePhaseNs: z.number(),
  /** CPU time of the vCPU's thread from the resume past the first period, and usually in as long. */
  hostCpuNs: z.number().nullable(),
  usualCpuNs: z.number().nullable(),
  interruptShare: z.strictObject({ before: share, after: share }),
  stats: z.strictObject({ before: stats, after: stats }),
  counts: z.array(reading),
  /** What drove this guest's timer: a host timer that always runs, or the CPU's, which counts in the guest only. */
  path: z.enum(['hrtimer', 'preemption-timer', 'unknown']).default('unknown'),
  /**
   * What catching up cost: from the resume to the first interrupt, while nothing else ran on that CPU. Null where nothing was
   * caught up.
   */
  burst: z
    .strictObject({ lengthNs: z.number(), callbacks: count, callbackNs: z.number() })
    .nullable()
    .default(null),
  /** Null in documents of before it existed. */
  kernel: kvmStopTraceSchema.nullable().default(null),
  verdict: kvmVerdict,
  explanation: z.string(),
});

/** What the model predicts for one policy, and how the main stop follows it. */
const kvmModelSchema = z.strictObject({
  policy: z.string(),
  /** The first 50 interrupts, ns from the resume. */
  deliveriesNs: z.array(z.number()),
  /** hrtimer callbacks, and exits of the guest, from the resume to the last interrupt that was recorded. */
  callbacks: count,
  vmExits: count,
  /** The catch-up burst would have reached the hard-lockup watchdog. */
  lockup: z.boolean(),
  agreement: z.strictObject({
    /** Interrupts that were predicted within the record, and those of them that came before the next one was due. */
    predicted: count,
    matched: count,
    /** Interrupts that came without a prediction of their own. */
    extra: count,
    /** Mean of (came - predicted) over those matched; null where none is. */
    meanLatenessNs: z.number().nullable(),
    /**
     * As many match as did on their grid before the stop, less one in ten; at most one in ten is extra; and they are as
     * late as before.
     */
    agrees: z.boolean(),
  }),
  /** Policies that this stop cannot tell from this one: the guest follows both, or they predict the same. */
  alike: z.array(z.string()).default([]),
});

/** A guest whose local APIC was saved when it stopped and restored when it went on. */
const kvmSaveRestoreSchema = z.strictObject({
  stopNs: z.number(),
  /** What TMCCT had left when it was saved. */
  remainingNs: z.number(),
  /** From the restore to the first interrupt; null where none came. */
  firstInterruptNs: z.number().nullable(),
  /** The remaining count stood still over the stop, as the model says, interrupt by interrupt. */
  agreesWithModel: z.boolean(),
});

/** A timer interrupt that was kept busy until the guest's timer was some periods late. */
const kvmStallSchema = z.strictObject({
  /** Stalls that were made. */
  tried: count,
  /** Of those: after how many the interrupts were on the old grid, on a new one from the late expiry, or on neither. */
  grid: z.strictObject({ old: count, new: count, unclear: count }),
  periodNs: z.number(),
  /** How late the guest's timer was made to run; null where no stall was made. */
  latenessNs: z.strictObject({ max: z.number(), p50: z.number() }).nullable(),
  /** `clamps`: a new grid at the late expiry; `catches-up`: the old one; else why it cannot be said. */
  verdict: z.enum(['clamps', 'catches-up', 'inconclusive']),
  explanation: z.string(),
});

const ktime = z.string().regex(/^-?\d+$/);

/** The kernel's tracepoints of the delayed timer, expiry by expiry beside the model. */
const kvmTraceSchema = z.strictObject({
  available: z.boolean(),
  /** Why there is none; null where there is. */
  reason: z.string().nullable(),
  expiries: count,
  /** Of those, how many came a period or more late: only they tell policies apart. */
  late: count,
  /** For each policy, to how many the model gives exactly the kernel's next expiry. */
  agree: z.record(z.string(), count),
  /** The first that the policy with the most agreeing ones does not explain; null where it explains all. */
  firstDifference: z
    .strictObject({
      index: count,
      policy: z.string(),
      beforeKtime: ktime,
      afterKtime: ktime,
      predictedKtime: ktime,
    })
    .nullable(),
  /** KVM's own events; null where there is no trace, and in older documents. */
  vcpu: vcpuEvents.nullable().default(null),
  /** One run of `apic_timer_fn` here, in a burst, less what the tracepoints cost; null where it was not measured. */
  callbackNs: z.strictObject({ p50: z.number(), low: z.number(), high: z.number() }).nullable(),
  /** Why it was not. */
  callbackReason: z.string().nullable().default(null),
  /** Events that found no room. */
  lost: count,
});

export const kvmResultSchema = z.strictObject({
  requestedPeriodNs: z.number(),
  /** After KVM's lower limit. */
  periodNs: z.number(),
  divide: count,
  /**
   * What the catch-up burst of a stop of this length costs, with interrupts off. A callback costs what the longest burst or the
   * kernel's trace showed on this host; where neither did, the 79 ns of the crash in the field, as in all documents
   * that do not say.
   */
  burstEstimate: z.strictObject({
    callbacks: count,
    callbackNs: z.number().default(CRASH_CALLBACK_NS),
    burstNs: z.number(),
  }),
  host: z.strictObject({
    kernel: z.string(),
    preemptionTimer: z.boolean().nullable(),
    preemptionTimerSource: z.string(),
    tscKhz: count,
  }),
  path: z.enum(['hrtimer', 'preemption-timer', 'unknown']),
  pathReason: z.string(),
  /** Null where the run was interrupted before. */
  running: kvmRunningSchema.nullable(),
  /** Other periods, divide counts and the other guest. */
  sweep: z.array(kvmRunningSchema),
  resume: kvmStopSchema.nullable(),
  /** The stops beside `resume`. */
  otherStops: z.array(kvmStopSchema),
  saveRestore: kvmSaveRestoreSchema.nullable(),
  model: z.array(kvmModelSchema),
  /** Null where none was made: not asked for, interrupted before, or a document of before it existed. */
  stall: kvmStallSchema.nullable().default(null),
  trace: kvmTraceSchema.nullable().default(null),
  /** By stops and stalls together; `keeps-running` where only the stops tell, and they leave no timer late. */
  verdict: kvmVerdict,
  explanation: z.string(),
  /** What is known of the fix for CVE-2025-71104, from whatever experiment shows it. */
  fix: z.enum(['clamps', 'catches-up', 'untested']).default('untested'),
});
export type KvmResult = z.infer<typeof kvmResultSchema>;
export type KvmStop = z.infer<typeof kvmStopSchema>;
export type KvmRunning = z.infer<typeof kvmRunningSchema>;
export type KvmModel = z.infer<typeof kvmModelSchema>;
export type KvmStall = z.infer<typeof kvmStallSchema>;
export type KvmTrace = z.infer<typeof kvmTraceSchema>;
export type KvmStopTrace = z.infer<typeof kvmStopTraceSchema>;
