import type { ClockPhase } from './sampler.ts';

/** Both clocks come from one counter, so that nothing but sleep parts them by more than this, ns. */
const LEAST_NS = 1_000;

/** Notices that the host slept: CLOCK_BOOTTIME counts that time and CLOCK_MONOTONIC does not. */
export class SuspendWatch {
  readonly #boottime: ClockPhase;
  readonly #monotonic: ClockPhase;
  #last = Number.NaN;

  constructor(boottime: ClockPhase, monotonic: ClockPhase) {
    this.#boottime = boottime;
    this.#monotonic = monotonic;
  }

  /** How long the host slept since the last sample, ns; 0 where it did not, or it cannot be told yet. */
  slept(): number {
    if (!this.#boottime.fresh || !this.#monotonic.fresh) return 0;
    const ahead = this.#boottime.phase - this.#monotonic.phase;
    const jump = ahead - this.#last;
    this.#last = ahead;
    return jump > LEAST_NS + this.#boottime.halfWindow + this.#monotonic.halfWindow ? jump : 0;
  }
}
