/** `value` less the nearest multiple of the period: above -period/2, up to period/2. */
export const folded = (value: number, period: number): number =>
  value - period * Math.ceil(value / period - 0.5);

/**
 * The mean direction of values on the circle of one period (Mardia and Jupp, Directional Statistics, 2.2 and 2.3). It
 * has no seam.
 *
 * @returns the mean, in the values' unit, -period/2 to period/2; and how nearly they agree on it, from 0 to 1.
 */
export function direction(
  values: ArrayLike<number>,
  period: number,
): { readonly mean: number; readonly length: number } {
  const turn = (2 * Math.PI) / period;
  let [cos, sin] = [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const angle = (values[i] as number) * turn;
    cos += Math.cos(angle);
    sin += Math.sin(angle);
  }
  return { mean: Math.atan2(sin, cos) / turn, length: Math.hypot(cos, sin) / values.length };
}
