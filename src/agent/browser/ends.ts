/** Ends of the time axis, Unix seconds. */
export interface Ends {
  readonly from: number;
  readonly to: number;
}

/** Shortest and longest range, s. */
const SHORTEST = 0.1;
const LONGEST = 86_400 * 3650;

/** The ends with `at` where it was on the screen and a range `factor` times as long. */
export function scaled({ from, to }: Ends, at: number, factor: number): Ends {
  const length = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * factor));
  const start = at - ((at - from) / (to - from)) * length;
  return { from: start, to: start + length };
}
