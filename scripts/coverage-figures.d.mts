export interface Coverage {
  readonly count: number;
  readonly rms: number;
  readonly mean: number;
  /** Shares of |z| up to 1, 2 and 3. */
  readonly within: number[];
  readonly worst: number;
}
export function coverageOf(z: readonly number[]): Coverage;
export function brokenPromises(coverage: Coverage): string[];
