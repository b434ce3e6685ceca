/** A straight line's slope and the standard error of it. */
export interface Slope {
  readonly slope: number;
  readonly error: number;
}

/** Ordinary least squares of `y` on `x`; at least three points. */
export function slopeOf(x: readonly number[], y: readonly number[]): Slope {
  const count = x.length;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / count;
  const [meanX, meanY] = [mean(x), mean(y)];
  const offset = (i: number) => (x[i] ?? 0) - meanX;
  const rise = (i: number) => (y[i] ?? 0) - meanY;
  const indices = Array.from({ length: count }, (_, i) => i);
  const spread = indices.reduce((sum, i) => sum + offset(i) ** 2, 0);
  const slope = indices.reduce((sum, i) => sum + offset(i) * rise(i), 0) / spread;
  const rest = indices.reduce((sum, i) => sum + (rise(i) - slope * offset(i)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (count - 2) / spread) };
}
