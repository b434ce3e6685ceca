/** An outside reference for the TSC's rate. */
export interface Reference {
  /**
   * The TSC's true rate, Hz.
   *
   * @param rawHz ticks in one second of CLOCK_MONOTONIC_RAW.
   */
  readonly trueHz: (rawHz: number) => number;
  /** Bound of the reference's own error, a ratio. */
  readonly errorRatio: number;
  readonly name: string;
}

/** A reference that is not there, and why. */
export interface NoReference {
  readonly reason: string;
}

export const isReference = (each: Reference | NoReference): each is Reference => 'trueHz' in each;

/**
 * How true time and the raw clock go together.
 *
 * @param correction while CLOCK_MONOTONIC_RAW advances by one second, 1 + correction true seconds pass.
 */
export const byCorrection =
  (correction: number): Reference['trueHz'] =>
  (rawHz) =>
    rawHz / (1 + correction);

/** A crystal's rate moves by about this much with the temperature between two corrections. */
export const CRYSTAL_WANDER = 1e-7;
