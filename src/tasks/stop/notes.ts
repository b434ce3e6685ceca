import { KTIME, type Reading, type Words } from '../../clock/time-source.ts';
import type { Vcpu } from '../../lapic/vcpu.ts';
import { difference } from '../difference.ts';
import { Histogram } from '../histogram.ts';

const LAST_STEP = 0;
const LAST_INTERRUPT = 1;
const BEGAN = 2;
const NEVER = -(2n ** 63n);

/** Steps between two calls of `look`: a few tens of milliseconds. */
const STEPS_PER_LOOK = 1 << 18;

/** What is noted during one recovery, in memory that is used again for the next. Noting allocates nothing. */
export class Notes {
  /** From one step of the recovery to the next, ns. */
  readonly stepNs: Histogram = new Histogram();
  /** Shortest interval between two interrupts, ns; Infinity before the second one. */
  shortestInterval = Infinity;
  readonly #last = new BigInt64Array(3) as Words<typeof BEGAN | typeof LAST_STEP | typeof LAST_INTERRUPT>;
  readonly #look: (elapsedNs: number) => boolean;
  #vcpu: Vcpu | null = null;
  #recovering = false;
  #interruptsAreSteps = false;
  #stepsToLook = STEPS_PER_LOOK;

  /** @param look called now and then in the middle of a recovery; true asks to end it. */
  constructor(look: (elapsedNs: number) => boolean) {
    this.#look = look;
  }

  /** Forgets the last recovery. @param vcpu aborted when a stop is requested. */
  clear(vcpu: Vcpu): void {
    this.stepNs.clear();
    this.#recovering = false;
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
    this.#recovering = true;
  }

  /** The recovery is over: from now on only the intervals between interrupts count. */
  end(): void {
    this.#recovering = false;
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
    if (!this.#recovering) return;
    this.stepNs.record(difference(reading[KTIME], this.#last[LAST_STEP]));
    this.#last[LAST_STEP] = reading[KTIME];
    this.#stepsToLook -= 1;
    if (this.#stepsToLook > 0 || this.#vcpu === null) return;
    this.#stepsToLook = STEPS_PER_LOOK;
    const elapsedNs = difference(reading[KTIME], this.#last[BEGAN]);
    if (this.#look(elapsedNs)) this.#vcpu.aborted = true;
  }
}
