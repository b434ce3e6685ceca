import type { KvmStop, KvmStopTrace } from '../schema/kvm.ts';

/** What the guest does between interrupts: `halt` sleeps (HLT), `spin` stays on the CPU. */
export type GuestLoop = KvmStop['loop'];

/** How the guest was stopped: by not calling KVM_RUN, by SIGSTOP, or that with its local APIC saved and restored. */
export type StopKind = KvmStop['stop'];

/** TMCCT read from outside the guest. */
export type CountReading = KvmStop['counts'][number];

/** CPU time that the vCPU's thread used, ns; all of it inside KVM_RUN but for the recording. */
export interface ThreadCpu {
  /** From the resume to the end of the first full period after it. */
  readonly recoveryNs: number;
  /** In as long a span of the time before the stop. */
  readonly usualNs: number;
}

/** What a guest cost the host over a time. */
export interface Activity {
  /** KVM's counters of the vCPU that moved; null before Linux 5.14. */
  readonly stats: Record<string, number> | null;
  /** Share of all CPUs' time spent in interrupts, by /proc/stat (10 ms steps); null where nothing passed. */
  readonly interruptShare: number | null;
}

/**
 * One stop of a real guest. All times are ktime in ns from the resume, which is when the vCPU's thread calls
 * KVM_RUN again: times before it are negative.
 */
export interface GuestStop {
  readonly loop: GuestLoop;
  readonly stop: StopKind;
  readonly periodNs: number;
  readonly divide: number;
  /** The timer was started between these two: points of its grid are whole periods later. */
  readonly startNs: readonly [number, number];
  /** The vCPU left the guest. */
  readonly leftNs: number;
  /** Every interrupt that the guest reported, in order. */
  readonly deliveriesNs: readonly number[];
  /** TMCCT during the stop. */
  readonly counts: readonly CountReading[];
  /** TMCCT when the local APIC was saved, and when it was put back; for `save-restore`. */
  readonly saved: CountReading | null;
  readonly restoredNs: readonly [number, number] | null;
  /** Null where it was not measured. */
  readonly cpu: ThreadCpu | null;
  /** What the host did before the stop, and after the resume; null where it was not watched. */
  readonly activity: { readonly before: Activity; readonly after: Activity } | null;
  /** What the kernel's own tracepoints show of the resume. */
  readonly kernel: KvmStopTrace;
}
