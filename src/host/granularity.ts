/** The greatest common divisor of two whole numbers. */
export const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/**
 * The step in which a counter advances, in ticks: the greatest common divisor of the differences between
 * readings. A counter of 2596.12 MHz that really steps at 100 MHz shows differences of 26 and, now and then, of
 * 25 or 27; those are taken as 26.
 *
 * @param readings ascending counter values; a few thousand are enough.
 * @returns null where fewer than 16 different readings are given.
 */
export function granularityOf(readings: readonly bigint[]): number | null {
  const steps: number[] = [];
  for (let i = 1; i < readings.length; i++) {
    const step = Number((readings[i] ?? 0n) - (readings[i - 1] ?? 0n));
    if (step > 0 && step < 1e6) steps.push(step);
  }
  if (steps.length < 16) return null;
  const exact = steps.reduce(gcd);
  if (exact > 1) return exact;
  return coarseStep(steps) ?? 1;
}

/** Steps up to this long show a coarse grid through the rounding of each reading. */
const SHORT_STEP = 2_000;

/** The largest step of which 99 % of the short differences are a multiple, give or take one tick. */
function coarseStep(steps: readonly number[]): number | null {
  const short = steps.filter((step) => step < SHORT_STEP);
  const fits = (grid: number): boolean =>
    short.filter((step) => Math.abs(step - Math.round(step / grid) * grid) <= 1).length >=
    short.length * 0.99;
  const smallest = Math.min(...short);
  for (let grid = Math.min(smallest + 1, 256); grid >= 4; grid--) {
    if (fits(grid)) return grid;
  }
  return null;
}
