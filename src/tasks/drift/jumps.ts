/** A change in how one clock runs against another. */
export type ClockChange =
  | { readonly kind: 'step'; readonly ns: number }
  | { readonly kind: 'frequency-step'; readonly ratio: number };

/** How much a quiet oscillator's rate may wander between two samples. */
const WANDER_RATIO = 1e-7;
/** A residual this many times the usual one is more than noise. */
const NOISE_FACTOR = 8;
/** Samples over which the usual rate and the usual noise are remembered. */
const MEMORY = 16;

/**
 * Watches the phase of one clock against another. One sample off the extrapolated line waits for the next: back on
 * the old rate it was a step, on a new rate a frequency step, back on the old line a bad read.
 *
 * The threshold is not only statistical: a phase is known to within half its bracket's window whatever the noise, so
 * that a jump beyond the windows is one.
 */
export class JumpDetector {
  #seen = 0;
  #lastPhase = 0;
  #lastBound = 0;
  #lastNs = 0;
  /** ns for each ns. */
  #rate = 0;
  /** Mean absolute residual, ns. */
  #noise = 0;
  #suspect: { readonly residual: number; readonly tolerance: number } | null = null;

  /**
   * The next sample.
   *
   * @param atNs time since the start.
   * @param phase the difference of the two clocks, ns.
   * @param bound the hard bound of its error, ns.
   * @returns what happened, where it is certain; the sample before was the first that showed it.
   */
  push(atNs: number, phase: number, bound: number): ClockChange | null {
    const elapsed = atNs - this.#lastNs;
    const moved = phase - this.#lastPhase;
    const tolerance = bound + this.#lastBound + WANDER_RATIO * elapsed + NOISE_FACTOR * this.#noise;
    const residual = moved - this.#rate * elapsed;
    this.#lastPhase = phase;
    this.#lastBound = bound;
    this.#lastNs = atNs;
    this.#seen += 1;
    if (this.#seen <= 3) {
      if (this.#seen > 1) this.#learn(moved, residual, elapsed, this.#seen - 1);
      return null;
    }
    if (this.#suspect !== null) return this.#judge(this.#suspect, residual, tolerance, elapsed);
    if (Math.abs(residual) > tolerance) this.#suspect = { residual, tolerance };
    else this.#learn(moved, residual, elapsed, Math.min(this.#seen - 1, MEMORY));
    return null;
  }

  /** Goes on from `phase` without judging how it came there: something else has explained it. */
  rebase(atNs: number, phase: number, bound: number): void {
    this.#suspect = null;
    this.#lastPhase = phase;
    this.#lastBound = bound;
    this.#lastNs = atNs;
  }

  #learn(moved: number, residual: number, elapsed: number, weight: number): void {
    this.#rate += (moved / elapsed - this.#rate) / weight;
    if (weight > 1) this.#noise += (Math.abs(residual) - this.#noise) / weight;
  }

  #judge(
    suspect: { residual: number; tolerance: number },
    residual: number,
    tolerance: number,
    elapsed: number,
  ): ClockChange | null {
    this.#suspect = null;
    if (Math.abs(residual) <= tolerance) return { kind: 'step', ns: suspect.residual };
    // Back where the line would have been: one bad read.
    if (Math.abs(suspect.residual + residual) <= suspect.tolerance + tolerance) return null;
    // The change fell somewhere between two samples, so the second residual holds the whole of it.
    const ratio = residual / elapsed;
    this.#rate += ratio;
    this.#seen = 2;
    return { kind: 'frequency-step', ratio };
  }
}
