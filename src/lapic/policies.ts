/** One way for a periodic timer to go on from an expiry. */
export interface Policy {
  /** The rule, and who follows it, in one line. */
  readonly summary: string;
  /**
   * The next target of a timer with `target`, handled at `now` (`moveTarget` in lapic-timer.ts). An expiry that is less
   * than a period late, or early by the preemption timer's advance, moves on by one period under each but that `clamp`
   * never stays behind `now`.
   *
   * - `advance`: target + period
   * - `clamp`: target + period, or now if that is past
   * - `skip`: the next point of the grid after now
   * - `delay`: now + period once a whole period late, else target + period
   */
  readonly rule: 'advance' | 'clamp' | 'skip' | 'delay';
  /** `accumulated`: tscdeadline += cycles(period), on its own. `from-target`: guest TSC + cycles(target - now). */
  readonly tscDeadline: 'accumulated' | 'from-target';
  /** Where the hrtimer's callback restarts it: its old expiry + period, or the new target. */
  readonly hrtimerRestart: 'expiry-plus-period' | 'target';
  /** What leaving for userspace does to a periodic or one-shot timer: nothing, stop it, or not restart it. */
  readonly inUserspace: 'runs' | 'frozen' | 'gated';
  /** Owes the guest one interrupt for each period that passed without one. */
  readonly reinjects: boolean;
}

/** Shared by the policies that restart the hrtimer where the target is. */
const atTarget = {
  tscDeadline: 'from-target',
  hrtimerRestart: 'target',
  inUserspace: 'runs',
  reinjects: false,
} as const;

/** The one table: first KVM's own three, then those to compare them with. */
export const policies = {
  // Linux 4.10 to 4.17: both deadlines move by one period, each in its own unit, and drift apart.
  independent: {
    ...atTarget,
    summary: 'both deadlines move by one period, each in its own unit (Linux 4.10 to 4.17)',
    rule: 'advance',
    tscDeadline: 'accumulated',
    hrtimerRestart: 'expiry-plus-period',
  },
  // Linux 4.18 to 6.18, since d8f2f498d9ed: the TSC deadline follows the target, and wraps when that is past.
  'catch-up': {
    ...atTarget,
    summary: 'one period at a time until the target is in the future again (Linux 4.18 to 6.18)',
    rule: 'advance',
    hrtimerRestart: 'expiry-plus-period',
  },
  // The fix (6.12.117 and later): a target still in the past becomes now.
  clamp: {
    ...atTarget,
    summary: 'one period, or now if that is past: the kernel after the fix',
    rule: 'clamp',
  },
  // hrtimer_forward, timerfd, Tokio's MissedTickBehavior::Skip, Go's Ticker, KVM's Hyper-V stimers.
  skip: {
    ...atTarget,
    summary: 'the next point of the grid after now (hrtimer_forward, timerfd, Go Ticker, Hyper-V stimers)',
    rule: 'skip',
  },
  // bhyve's vlapic; Tokio's MissedTickBehavior::Delay is the same but for lags between 5 ms and a period.
  delay: {
    ...atTarget,
    summary: 'now + period once a whole period late (bhyve, Tokio Delay)',
    rule: 'delay',
  },
  // KVM_GET_LAPIC and KVM_SET_LAPIC across a pause do this; the mail thread's "record the delta". Lateness inside
  // the guest, which freezing cannot prevent, is clamped.
  freeze: {
    ...atTarget,
    summary: 'the remaining count stands still outside the guest (save and restore)',
    rule: 'clamp',
    inUserspace: 'frozen',
  },
  // Xen's no_delay_for_missed_ticks, the in-kernel PIT, QEMU's `-rtc driftfix=slew`.
  reinject: {
    ...atTarget,
    summary: 'the grid, and one interrupt owed for each missed period (Xen, the in-kernel PIT, QEMU slew)',
    rule: 'skip',
    reinjects: true,
  },
  // The mail thread's `wants_to_run` idea, in no kernel yet.
  gate: {
    ...atTarget,
    summary: 'clamp, and an hrtimer that is not restarted while the vCPU is in userspace',
    rule: 'clamp',
    inUserspace: 'gated',
  },
} as const satisfies Record<string, Policy>;

/** What to do about periods that passed unhandled. */
export type PolicyName = keyof typeof policies;

/** Every policy's name, in the table's order. */
export const policyNames = Object.keys(policies) as readonly PolicyName[];
