/** What a picture shows of a long record: bounded numbers of points that look as the whole does. */

/** A point of an outline: seconds from the first reading, and the value. */
export type OutlinePoint = readonly [seconds: number, value: number];

/** The smallest and the largest value of each of `parts` parts of equal length, in their order; a gap where a part has none. */
export function outlineOf(values: Float64Array, tau0: number, parts: number): OutlinePoint[] {
  const width = Math.ceil(values.length / parts);
  if (width <= 2) return Array.from(values, (value, i) => [i * tau0, value] as const);
  const points: OutlinePoint[] = [];
  for (let from = 0; from < values.length; from += width) {
    let [low, high] = [-1, -1];
    for (let i = from; i < Math.min(values.length, from + width); i += 1) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < (values[low] as number)) low = i;
      if (high < 0 || value > (values[high] as number)) high = i;
    }
    if (low < 0) points.push([from * tau0, Number.NaN]);
    else for (const i of low < high ? [low, high] : [high, low]) points.push([i * tau0, values[i] as number]);
  }
  return points;
}

/** Bins of equal width: [their lower end, how many values]. */
export interface Bins {
  readonly width: number;
  readonly bins: ReadonlyArray<readonly [from: number, count: number]>;
}

/** How the known values are spread, in `count` bins from the smallest to the largest. */
export function binsOf(values: Float64Array, count: number): Bins {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return { width: 0, bins: [] };
  const width = (high - low) / count;
  const counts = new Array<number>(count).fill(0);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const bin = Math.min(count - 1, Math.floor((value - low) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { width, bins: counts.map((one, k) => [low + k * width, one] as const) };
}
