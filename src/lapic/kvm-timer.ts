import type { TimeSource, Words } from '../clock/time-source.ts';
import { DEFAULT_TSC_SCALING_RATIO, type Delivery, type LapicConfig } from './config.ts';
import type { Policy } from './policies.ts';
import { APIC_LVT_MASKED, divideCountOf } from './registers.ts';
import { nsecToCycles, type TimeScale, timeScale } from './time-scale.ts';

/** `hvDeadlineTsc` of a preemption timer that is cancelled. */
export const NO_HV_DEADLINE: bigint = 2n ** 64n - 1n;

const PERIOD = 0;
const TARGET_EXPIRATION = 1;
const TSCDEADLINE = 2;
const HV_DEADLINE = 3;
const HRTIMER_EXPIRES = 4;
const OWED = 5;
const REMAINING = 6;
const FROZEN_AT = 7;
const FROZEN_NS = 8;
const WORDS = 9;

type TimerWords = Words<
  | typeof PERIOD
  | typeof TARGET_EXPIRATION
  | typeof TSCDEADLINE
  | typeof HV_DEADLINE
  | typeof HRTIMER_EXPIRES
  | typeof OWED
  | typeof REMAINING
  | typeof FROZEN_AT
  | typeof FROZEN_NS
>;

/** The preemption timer's counter is this wide, after the shift. */
const PREEMPTION_TIMER_BITS = 32;

/**
 * The state of one emulated LAPIC timer (`struct kvm_lapic` and its `struct kvm_timer`), as after reset, and the
 * clock it runs on. State only: what changes it is in `lapic-timer.ts`.
 *
 * 64-bit fields live in one typed array, where V8 keeps them unboxed, and wrap as the kernel's do.
 */
export class LapicTimer {
  readonly config: LapicConfig;
  readonly policy: Policy;
  readonly clock: TimeSource;
  readonly delivery: Delivery;
  readonly scale: TimeScale;
  /** The guest's TSC runs at another rate than the host's. */
  readonly tscScaled: boolean;
  readonly l1TscOffset: bigint;
  readonly l1TscScalingRatio: bigint;
  /** Guest cycles by which the HV timer fires early. */
  readonly advanceCycles: bigint;
  /** Host cycles that the preemption timer cannot hold: 2^32 of its own units. */
  readonly preemptionTimerRange: bigint;
  /** `kvm_can_use_hv_timer`: there is a preemption timer, and its interrupts are not posted. */
  readonly canUseHvTimer: boolean;
  /** Interrupts wait in the guest's IRR, whose one bit a vector makes several into one. */
  readonly usesIrr: boolean;

  lvtt = APIC_LVT_MASKED;
  tmict = 0;
  tdcr = 0;
  /** Only a restore writes it; a read computes the count. */
  tmcct = 0;
  /** The mode bits of LVTT, in force. */
  timerMode = 0;
  divideCount: number = divideCountOf(0);
  /** 0 or 1: an expiry that waits for the next guest entry. */
  pending = 0;
  hvTimerInUse = false;
  hrtimerArmed = false;
  /** The local variable of `vcpu_block`: the vCPU halted with the HV timer in use. */
  hvTimerBeforeBlock = false;
  /** The vCPU's thread is outside KVM_RUN. */
  inUserspace = false;
  /** `freeze`: the timer is stopped with `remaining` to go. */
  frozen = false;
  /** `gate`: the hrtimer fired in userspace and was not restarted. */
  gated = false;
  /** Where `usesIrr`: the last interrupt has not been taken by the guest yet. */
  irr = false;

  /** Interrupts delivered to the guest. */
  interrupts = 0;
  /** Expirations, those included that found `pending` set. */
  expirations = 0;
  /** Calls of `advancePeriodicTargetExpiration`. */
  advances = 0;
  /** WARN_ON_ONCE: 1 once the hrtimer has fired in periodic mode with period 0. */
  warnings = 0;

  readonly #words = new BigInt64Array(WORDS) as TimerWords;

  /** @throws RangeError where `config.guestTscKhz` is out of range. */
  constructor(config: LapicConfig, policy: Policy, clock: TimeSource, delivery: Delivery = 'coalesced') {
    this.config = config;
    this.policy = policy;
    this.clock = clock;
    this.delivery = delivery;
    this.scale = timeScale(config.guestTscKhz);
    this.canUseHvTimer = config.hvTimer && delivery !== 'posted';
    this.usesIrr = delivery === 'posted' || config.apicv;
    this.l1TscOffset = config.l1TscOffset;
    this.l1TscScalingRatio = config.l1TscScalingRatio ?? DEFAULT_TSC_SCALING_RATIO;
    this.tscScaled = this.l1TscScalingRatio !== DEFAULT_TSC_SCALING_RATIO;
    this.advanceCycles = nsecToCycles(this.scale, BigInt(config.timerAdvanceNs));
    this.preemptionTimerRange = 1n << BigInt(config.preemptionTimerShift + PREEMPTION_TIMER_BITS);
    this.#words[HV_DEADLINE] = NO_HV_DEADLINE;
  }

  /** ns, s64; 0 where nothing is programmed. */
  get period(): bigint {
    return this.#words[PERIOD];
  }
  set period(ns: bigint) {
    this.#words[PERIOD] = ns;
  }

  /** ktime of the next expiry. */
  get targetExpiration(): bigint {
    return this.#words[TARGET_EXPIRATION];
  }
  set targetExpiration(ktime: bigint) {
    this.#words[TARGET_EXPIRATION] = ktime;
  }

  /** Guest TSC of the next expiry, u64; 0 is not programmed. */
  get tscdeadline(): bigint {
    return BigInt.asUintN(64, this.#words[TSCDEADLINE]);
  }
  set tscdeadline(tsc: bigint) {
    this.#words[TSCDEADLINE] = tsc;
  }

  /** Host TSC at which the preemption timer fires, u64; `NO_HV_DEADLINE` when cancelled. */
  get hvDeadlineTsc(): bigint {
    return BigInt.asUintN(64, this.#words[HV_DEADLINE]);
  }
  set hvDeadlineTsc(tsc: bigint) {
    this.#words[HV_DEADLINE] = tsc;
  }

  /** ktime at which the hrtimer fires; means nothing unless `hrtimerArmed`. */
  get hrtimerExpires(): bigint {
    return this.#words[HRTIMER_EXPIRES];
  }
  set hrtimerExpires(ktime: bigint) {
    this.#words[HRTIMER_EXPIRES] = ktime;
  }

  /** `reinject`: interrupts owed to the guest beyond `pending`. */
  get owed(): bigint {
    return this.#words[OWED];
  }
  set owed(count: bigint) {
    this.#words[OWED] = count;
  }

  /** `freeze`: ns from leaving the guest to the target, while `frozen`. */
  get remaining(): bigint {
    return this.#words[REMAINING];
  }
  set remaining(ns: bigint) {
    this.#words[REMAINING] = ns;
  }

  /** `freeze`: ktime at which the guest was left, while `frozen`. */
  get frozenAt(): bigint {
    return this.#words[FROZEN_AT];
  }
  set frozenAt(ktime: bigint) {
    this.#words[FROZEN_AT] = ktime;
  }

  /** `freeze`: how long the timer's own time has stood still in all. */
  get frozenNs(): bigint {
    return this.#words[FROZEN_NS];
  }
  set frozenNs(ns: bigint) {
    this.#words[FROZEN_NS] = ns;
  }
}
