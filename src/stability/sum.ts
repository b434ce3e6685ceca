/**
 * The sum of the finite entries, with the rounding error carried along (Neumaier), so that a million
 * values around a large offset lose no digits.
 *
 * @returns the sum, and how many entries were not NaN.
 */
export function compensatedSum(values: Float64Array): { readonly sum: number; readonly count: number } {
  let sum = 0;
  let lost = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
    count += 1;
  }
  return { sum: sum + lost, count };
}
