/** What to do about periods that passed unhandled. */
export type PolicyName =
  | 'independent'
  | 'catch-up'
  | 'clamp'
  | 'skip'
  | 'delay'
  | 'freeze'
  | 'reinject'
  | 'gate';

/** One way for a periodic timer to go on from an expiry. All times are ktime, ns. */
export interface Policy {
  readonly name: PolicyName;
  /** The rule, and who follows it, in one line. */
  readonly summary: string;
  /**
   * The next target, modulo 2^64, of a timer with `target`, handled at `now`. Pure; `period` is positive whenever the timer
   * calls it, and 0 never moves a target further than to `now`. An expiry handled early (the preemption timer's
   * advance) moves on by one period under every policy.
   */
  readonly nextTarget: (target: bigint, now: bigint, period: bigint) => bigint;
  /** `accumulated`: tscdeadline += cycles(period), on its own. `from-target`: guest TSC + cycles(target - now). */
  readonly tscDeadline: 'accumulated' | 'from-target';
  /** Where the hrtimer's callback restarts it: its old expiry + period, or the new target. */
  readonly hrtimerRestart: 'expiry-plus-period' | 'target';
  /** What leaving for userspace does to a periodic or one-shot timer: nothing, stop it, or not restart it. */
  readonly inUserspace: 'runs' | 'frozen' | 'gated';
  /** Owes the guest one interrupt for each period that passed without one. */
  readonly reinjects: boolean;
}

export const advance = (target: bigint, _now: bigint, period: bigint): bigint => target + period;

export const advanceOrNow = (target: bigint, now: bigint, period: bigint): bigint => {
  const next = BigInt.asIntN(64, target + period);
  return next < now ? now : next;
};

export const nextOnGrid = (target: bigint, now: bigint, period: bigint): bigint =>
  target + period * (missedPeriods(target, now, period) + 1n);

export const restartWhenLate = (target: bigint, now: bigint, period: bigint): bigint =>
  BigInt.asIntN(64, now - target) >= period ? now + period : target + period;

/** Whole periods of lag at `now`: the expiries that an on-time timer would have had since `target`. */
export const missedPeriods = (target: bigint, now: bigint, period: bigint): bigint =>
  now <= target || period === 0n ? 0n : BigInt.asIntN(64, now - target) / period;

/** Shared by the policies that restart the hrtimer where the target is. */
const atTarget = {
  tscDeadline: 'from-target',
  hrtimerRestart: 'target',
  inUserspace: 'runs',
  reinjects: false,
} as const;

/** The one table: first KVM's own three, then those to compare them with. */
export const policies: Readonly<Record<PolicyName, Policy>> = {
  // Linux 4.10 to 4.17: both deadlines move by one period, each in its own unit, and drift apart.
  independent: {
    name: 'independent',
    summary: 'both deadlines move by one period, each in its own unit (Linux 4.10 to 4.17)',
    nextTarget: advance,
    tscDeadline: 'accumulated',
    hrtimerRestart: 'expiry-plus-period',
    inUserspace: 'runs',
    reinjects: false,
  },
  // Linux 4.18 to 6.18, since d8f2f498d9ed: the TSC deadline follows the target, and wraps when that is past.
  'catch-up': {
    name: 'catch-up',
    summary: 'one period at a time until the target is in the future again (Linux 4.18 to 6.18)',
    nextTarget: advance,
    tscDeadline: 'from-target',
    hrtimerRestart: 'expiry-plus-period',
    inUserspace: 'runs',
    reinjects: false,
  },
  // The fix (6.12.117 and later): a target still in the past becomes now.
  clamp: {
    ...atTarget,
    name: 'clamp',
    summary: 'one period, or now if that is past: the kernel after the fix',
    nextTarget: advanceOrNow,
  },
  // hrtimer_forward, timerfd, Tokio's MissedTickBehavior::Skip, Go's Ticker, KVM's Hyper-V stimers.
  skip: {
    ...atTarget,
    name: 'skip',
    summary: 'the next point of the grid after now (hrtimer_forward, timerfd, Go Ticker, Hyper-V stimers)',
    nextTarget: nextOnGrid,
  },
  // bhyve's vlapic; Tokio's MissedTickBehavior::Delay is the same but for lags between 5 ms and a period.
  delay: {
    ...atTarget,
    name: 'delay',
    summary: 'now + period once a whole period late (bhyve, Tokio Delay)',
    nextTarget: restartWhenLate,
  },
  // KVM_GET_LAPIC and KVM_SET_LAPIC across a pause do this; the mail thread's "record the delta". Lateness inside
  // the guest, which freezing cannot prevent, is clamped.
  freeze: {
    ...atTarget,
    name: 'freeze',
    summary: 'the remaining count stands still outside the guest (save and restore)',
    nextTarget: advanceOrNow,
    inUserspace: 'frozen',
  },
  // Xen's no_delay_for_missed_ticks, the in-kernel PIT, QEMU's `-rtc driftfix=slew`.
  reinject: {
    ...atTarget,
    name: 'reinject',
    summary: 'the grid, and one interrupt owed for each missed period (Xen, the in-kernel PIT, QEMU slew)',
    nextTarget: nextOnGrid,
    reinjects: true,
  },
  // The mail thread's `wants_to_run` idea, in no kernel yet.
  gate: {
    ...atTarget,
    name: 'gate',
    summary: 'clamp, and an hrtimer that is not restarted while the vCPU is in userspace',
    nextTarget: advanceOrNow,
    inUserspace: 'gated',
  },
};

/** Every policy's name, in the table's order. */
export const policyNames: readonly PolicyName[] = Object.values(policies).map((policy) => policy.name);
