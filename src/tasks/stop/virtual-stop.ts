import { ktimeOf, tscOf } from '../../clock/time-source.ts';
import type { Vcpu } from '../../lapic/vcpu.ts';
import { type Costs, VIRTUAL_TSC_KHZ, VirtualHost } from '../../lapic/virtual-host.ts';
import type { RecoveryLog, StopHost } from './host.ts';

/** Fewer steps than this are walked. */
const WORTH_A_LEAP = 8n;
/** Steps before a change of any kind that are walked. */
const MARGIN = 2n;

// Where the amounts that a leap moves stand in a state.
const KTIME = 0;
const TARGET = 1;
const EXPIRES = 2;
const DEADLINE = 3;
const OWED = 4;
const EOI = 5;
const CALLBACKS = 6;
const EXITS = 7;
const INTERRUPTS = 8;
const EXPIRATIONS = 9;
const ADVANCES = 10;
const HRTIMER_INTERRUPTS = 11;

/** All that a step of a recovery moves; between steps that are alike, by the same amounts. */
function stateOf({ timer, host, callbacks, vmExits, hrtimerInterrupts, hangs, eoiAt }: Vcpu): bigint[] {
  const accumulates = timer.policy.tscDeadline === 'accumulated';
  return [
    ktimeOf(host),
    timer.targetExpiration,
    timer.hrtimerArmed ? timer.hrtimerExpires : 0n,
    // Computed again by each expiry, rounded, unless it accumulates.
    accumulates ? timer.tscdeadline : 0n,
    timer.owed,
    eoiAt,
    BigInt(callbacks),
    BigInt(vmExits),
    BigInt(timer.interrupts),
    BigInt(timer.expirations),
    BigInt(timer.advances),
    BigInt(hrtimerInterrupts),
    BigInt(hangs),
    BigInt(timer.pending),
    BigInt(timer.irr),
    BigInt(timer.hvTimerInUse),
  ];
}

const least = (...bounds: bigint[]): bigint => bounds.reduce((a, b) => (a < b ? a : b));

/**
 * Virtual time: each callback and each exit takes a fixed time, and nothing else takes any. Steps of a recovery that
 * repeat exactly are computed, not walked: where the last two moved everything by the same amounts, so will all those
 * until the next comparison that can turn out otherwise.
 */
export class VirtualStopHost extends VirtualHost implements StopHost {
  readonly #log: RecoveryLog;
  readonly #leaps: boolean;
  #vcpu: Vcpu | null = null;
  #limitNs = 0n;
  #resumedAt = 0n;
  #resumedTsc = 0n;
  /** The hrtimer interrupt that runs, by its number, and when it was entered. */
  #interrupt = 0;
  #enteredAt = 0n;
  #last: bigint[] | null = null;
  #moved: bigint[] | null = null;

  /** @param leaps false walks every step. */
  constructor(costs: Costs, log: RecoveryLog, leaps = true) {
    super(VIRTUAL_TSC_KHZ, costs);
    this.#log = log;
    this.#leaps = leaps;
  }

  leap(ns: bigint): void {
    this.advance(ns);
  }

  resume(vcpu: Vcpu, limitNs: bigint): void {
    this.#vcpu = vcpu;
    this.#limitNs = limitNs;
    this.#resumedAt = ktimeOf(this);
    this.#resumedTsc = tscOf(this);
  }

  override callbackDone(): void {
    if (this.#vcpu !== null && this.#interrupt !== this.#vcpu.hrtimerInterrupts) {
      this.#interrupt = this.#vcpu.hrtimerInterrupts;
      this.#enteredAt = ktimeOf(this);
    }
    super.callbackDone();
    this.#stepDone();
  }

  override exitDone(): void {
    super.exitDone();
    this.#stepDone();
  }

  override interruptTaken(): void {
    this.#log.interrupt(this.reading);
    this.#repeat(true);
  }

  #stepDone(): void {
    this.read();
    this.#log.expiry(this.reading);
    this.#repeat(false);
  }

  #repeat(interrupt: boolean): void {
    const vcpu = this.#vcpu;
    if (vcpu === null || !this.#leaps || !this.#log.recovering || vcpu.timer.policy.reinjects !== interrupt)
      return;
    if (!this.#farFromChange(vcpu)) {
      this.#last = null;
      return;
    }
    const now = stateOf(vcpu);
    const moved = this.#last === null ? null : now.map((value, i) => value - (this.#last?.[i] ?? 0n));
    const alike = moved !== null && this.#moved !== null && moved.every((by, i) => by === this.#moved?.[i]);
    this.#last = now;
    this.#moved = moved;
    if (!alike || moved === null) return;
    const steps = this.#stepsAlike(vcpu, moved) - MARGIN;
    if (steps < WORTH_A_LEAP) return;
    this.#move(vcpu, moved, steps);
    this.#last = stateOf(vcpu);
  }

  /** Whether a leap can be worth its looking: cheap, for a recovery may have many steps that none leads over. */
  #farFromChange({ timer, handlingNs }: Vcpu): boolean {
    if (!timer.policy.reinjects)
      return timer.targetExpiration + WORTH_A_LEAP * timer.period < this.#resumedAt;
    return timer.owed > WORTH_A_LEAP && timer.targetExpiration > ktimeOf(this) + WORTH_A_LEAP * handlingNs;
  }

  /** How many more steps are sure to be like the last. */
  #stepsAlike({ timer, watchdogNs }: Vcpu, moved: readonly bigint[]): bigint {
    const by = (place: number) => moved[place] ?? 0n;
    const [ns, target, owed] = [by(KTIME), by(TARGET), by(OWED)];
    if (ns <= 0n) return 0n;
    const now = ktimeOf(this);
    // Expiries that are past stay past; by the time of the return, which no pass over them began before.
    const past = (at: bigint, step: bigint, since: bigint) => (step > 0n ? (since - at) / step : 2n ** 62n);
    const bounds = [
      (this.#resumedAt + this.#limitNs - now) / ns,
      past(timer.targetExpiration, target, this.#resumedAt),
      past(timer.hrtimerExpires, by(EXPIRES), this.#resumedAt),
      past(timer.tscdeadline, by(DEADLINE), this.#resumedTsc),
    ];
    // One that stands still in the future stays there.
    if (target === 0n) bounds.push((timer.targetExpiration - now) / ns);
    if (owed < 0n) bounds.push(timer.owed / -owed);
    if (by(CALLBACKS) > 0n) bounds.push((this.#enteredAt + watchdogNs - now) / ns);
    return least(...bounds);
  }

  #move(vcpu: Vcpu, moved: readonly bigint[], steps: bigint): void {
    const { timer } = vcpu;
    const by = (place: number) => (moved[place] ?? 0n) * steps;
    this.advance(by(KTIME));
    this.read();
    timer.targetExpiration += by(TARGET);
    timer.hrtimerExpires += by(EXPIRES);
    timer.tscdeadline += by(DEADLINE);
    timer.owed += by(OWED);
    vcpu.eoiAt += by(EOI);
    vcpu.callbacks += Number(by(CALLBACKS));
    vcpu.vmExits += Number(by(EXITS));
    timer.interrupts += Number(by(INTERRUPTS));
    timer.expirations += Number(by(EXPIRATIONS));
    timer.advances += Number(by(ADVANCES));
    vcpu.hrtimerInterrupts += Number(by(HRTIMER_INTERRUPTS));
    this.#log.repeat(Number(steps), moved[KTIME] ?? 0n);
  }
}
