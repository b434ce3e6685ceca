/** How a long measurement on a worker thread talks to whoever asked for it, between batches. */
export interface Control {
  /**
   * Called between batches, never while something is measured.
   *
   * @param done share of the work finished, out of `total`; the unit is the measurement's own.
   */
  progress(done: number, total: number): void;
  /** True once it has been cancelled; the measurement then returns what it has. */
  cancelled(): boolean;
}

/** Nobody watches and nobody cancels it: for tests and for short measurements. */
export const quietControl: Control = { progress: () => {}, cancelled: () => false };
