import { KTIME, ktimeOf, type Reading, type TimeSource, tscOf, type Words } from '../../clock/time-source.ts';
import { WarpedClock } from '../../clock/warped.ts';
import type { Vcpu, VcpuHost } from '../../lapic/vcpu.ts';
import { difference } from '../difference.ts';
import { Histogram } from '../histogram.ts';

const LAST_STEP = 0;
const LAST_INTERRUPT = 1;
const BEGAN = 2;
const NEVER = -(2n ** 63n);

/** Steps between two calls of `look`: a few tens of milliseconds. */
const STEPS_PER_LOOK = 1 << 18;

/** What is written down during one recovery, in memory that is used again for the next: that allocates nothing. */
export class RecoveryLog {
  /** From one step of the recovery to the next, ns. */
  readonly stepNs: Histogram = new Histogram();
  /** Shortest interval between two interrupts, ns; Infinity before the second one. */
  shortestInterval = Infinity;
  readonly #last = new BigInt64Array(3) as Words<typeof BEGAN | typeof LAST_STEP | typeof LAST_INTERRUPT>;
  #look: (elapsedNs: number) => boolean = () => false;
  #vcpu: Vcpu | null = null;
  /** Between `begin` and `end`. */
  recovering = false;
  #interruptsAreSteps = false;
  #stepsToLook = STEPS_PER_LOOK;

  /**
   * Forgets the last recovery.
   *
   * @param look called now and then in the middle of a recovery; true aborts the vCPU.
   */
  clear(vcpu: Vcpu, look: (elapsedNs: number) => boolean): void {
    this.#look = look;
    this.stepNs.clear();
    this.recovering = false;
    this.#vcpu = vcpu;
  }

  /**
   * The guest is about to be entered again.
   *
   * @param reading of the clocks.
   * @param interruptsAreSteps what is worked off are interrupts, not expiries.
   */
  begin(reading: Reading, interruptsAreSteps: boolean): void {
    this.#interruptsAreSteps = interruptsAreSteps;
    this.shortestInterval = Infinity;
    this.#last[BEGAN] = reading[KTIME];
    this.#last[LAST_STEP] = reading[KTIME];
    this.#last[LAST_INTERRUPT] = NEVER;
    this.recovering = true;
  }

  /** `steps` more, each as long as the last, the interrupts among them as far apart as the last. */
  repeat(steps: number, stepNs: bigint): void {
    this.stepNs.record(Number(stepNs), steps);
    const passed = BigInt(steps) * stepNs;
    this.#last[LAST_STEP] = this.#last[LAST_STEP] + passed;
    if (this.#last[LAST_INTERRUPT] !== NEVER)
      this.#last[LAST_INTERRUPT] = this.#last[LAST_INTERRUPT] + passed;
  }

  /** The recovery is over: from now on only the intervals between interrupts count. */
  end(): void {
    this.recovering = false;
  }

  /** An expiry was handled. */
  expiry(reading: Reading): void {
    if (!this.#interruptsAreSteps) this.#step(reading);
  }

  /** The guest has taken an interrupt. */
  interrupt(reading: Reading): void {
    if (this.#last[LAST_INTERRUPT] !== NEVER) {
      const interval = difference(reading[KTIME], this.#last[LAST_INTERRUPT]);
      if (interval < this.shortestInterval) this.shortestInterval = interval;
    }
    this.#last[LAST_INTERRUPT] = reading[KTIME];
    if (this.#interruptsAreSteps) this.#step(reading);
  }

  #step(reading: Reading): void {
    if (!this.recovering) return;
    this.stepNs.record(difference(reading[KTIME], this.#last[LAST_STEP]));
    this.#last[LAST_STEP] = reading[KTIME];
    this.#stepsToLook -= 1;
    if (this.#stepsToLook > 0 || this.#vcpu === null) return;
    this.#stepsToLook = STEPS_PER_LOOK;
    const elapsedNs = difference(reading[KTIME], this.#last[BEGAN]);
    if (this.#look(elapsedNs)) this.#vcpu.aborted = true;
  }
}

/** A host on which a stop need not be waited for. */
export interface StopHost extends VcpuHost {
  /** Both clocks move forward by `ns`. */
  leap(ns: bigint): void;
  /** The guest is about to be entered again, and followed for `limitNs`. */
  resume(vcpu: Vcpu, limitNs: bigint): void;
}

/** Fractional bits of the rate in `cyclesIn`. */
const RATE_BITS = 20n;
/** Waits are leapt over but for this much, which is spun: the clocks then read as they would after a real wait. */
const SPUN_NS = 2000n;

/** Cycles in `ns` at `hz`, by integers: a stop of years keeps the double's 53 bits of the rate. */
function cyclesIn(ns: bigint, hz: number): bigint {
  const rate = BigInt(Math.round(hz * 2 ** Number(RATE_BITS)));
  return (ns * rate) / (1_000_000_000n << RATE_BITS);
}

/** This host's own clocks, moved forward by stops and waits; all work between them takes its real time. */
export class RealStopHost extends WarpedClock implements StopHost {
  readonly #log: RecoveryLog;
  readonly #tscHz: number;

  constructor(source: TimeSource, tscHz: number, log: RecoveryLog) {
    super(source);
    this.#log = log;
    this.#tscHz = tscHz;
  }

  override leap(ns: bigint): void {
    super.leap(ns, cyclesIn(ns, this.#tscHz));
  }

  resume(): void {}

  callbackDone(): void {
    this.#log.expiry(this.reading);
  }

  exitDone(): void {
    this.#log.expiry(this.reading);
  }

  interruptTaken(): void {
    this.#log.interrupt(this.reading);
  }

  waitUntilKtime(ktime: bigint): void {
    const ns = BigInt.asIntN(64, ktime - ktimeOf(this));
    if (ns > SPUN_NS) this.leap(ns - SPUN_NS);
  }

  waitUntilTsc(tsc: bigint, ktime: bigint): void {
    const cycles = BigInt.asIntN(64, tsc - tscOf(this));
    const ns = BigInt(Math.floor((Number(cycles) / this.#tscHz) * 1e9));
    const most = BigInt.asIntN(64, ktime - ktimeOf(this));
    const wait = ns < most ? ns : most;
    if (wait > SPUN_NS) this.leap(wait - SPUN_NS);
  }
}
