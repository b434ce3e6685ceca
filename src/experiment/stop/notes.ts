import { KTIME } from '../../clock/time-source.ts';
import type { Vcpu } from '../../lapic/vcpu.ts';
import { difference } from '../difference.ts';
import { Histogram } from '../histogram.ts';

const LAST_STEP = 0;
const LAST_INTERRUPT = 1;
const NEVER = -(2n ** 63n);

/** Steps between two looks at whether the user wants to stop: a tenth of a second or so. */
const STEPS_PER_LOOK = 1 << 20;

/** What is noted during one recovery, in memory that is used again for the next. Noting allocates nothing. */
export class Notes {
  /** From one handled expiry to the next, ns. */
  readonly stepNs: Histogram = new Histogram();
  /** Shortest interval between two interrupts, ns; Infinity before the second one. */
  shortestInterval = Infinity;
  readonly #last: BigInt64Array = new BigInt64Array(2);
  readonly #stopRequested: () => boolean;
  #vcpu: Vcpu | null = null;
  #stepsToLook = STEPS_PER_LOOK;

  /** @param stopRequested asked now and then in the middle of a recovery. */
  constructor(stopRequested: () => boolean) {
    this.#stopRequested = stopRequested;
  }

  /** Forgets the last recovery. @param vcpu aborted when a stop is requested. */
  clear(vcpu: Vcpu): void {
    this.stepNs.clear();
    this.#vcpu = vcpu;
  }

  /** The guest is about to be entered again. @param reading of the clocks. */
  begin(reading: BigInt64Array): void {
    this.shortestInterval = Infinity;
    this.#last[LAST_STEP] = reading[KTIME];
    this.#last[LAST_INTERRUPT] = NEVER;
  }

  /** An expiry was handled. */
  step(reading: BigInt64Array): void {
    this.stepNs.record(difference(reading[KTIME] as bigint, this.#last[LAST_STEP] as bigint));
    this.#last[LAST_STEP] = reading[KTIME];
    this.#countdown();
  }

  /** The guest has taken an interrupt. */
  interrupt(reading: BigInt64Array): void {
    if (this.#last[LAST_INTERRUPT] !== NEVER) {
      const interval = difference(reading[KTIME] as bigint, this.#last[LAST_INTERRUPT] as bigint);
      if (interval < this.shortestInterval) this.shortestInterval = interval;
    }
    this.#last[LAST_INTERRUPT] = reading[KTIME];
    this.#countdown();
  }

  #countdown(): void {
    this.#stepsToLook -= 1;
    if (this.#stepsToLook > 0) return;
    this.#stepsToLook = STEPS_PER_LOOK;
    if (this.#vcpu !== null && this.#stopRequested()) this.#vcpu.aborted = true;
  }
}
