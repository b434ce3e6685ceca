/**
 * When to resume so that the old grid and one that starts at the resume are half a period apart: the middle of
 * a period, nearest to `ktime`. Only then do the interrupts tell which of the two the timer went on with.
 *
 * @param startedKtime a point of the grid.
 */
export function middleOfPeriod(ktime: bigint, startedKtime: bigint, periodNs: number): bigint {
  const period = BigInt(periodNs);
  return startedKtime + ((ktime - startedKtime) / period) * period + period / 2n;
}
