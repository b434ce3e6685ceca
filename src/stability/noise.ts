import { withoutParabola } from './parabola.ts';
import type { Series } from './series.ts';

/** Power-law noises by the exponent alpha of S_y(f) = h f^alpha. */
export const NOISE_NAMES: Readonly<Record<number, string>> = {
  2: 'white PM',
  1: 'flicker PM',
  0: 'white FM',
  [-1]: 'flicker FM',
  [-2]: 'random walk FM',
  [-3]: 'flicker walk FM',
  [-4]: 'random run FM',
};

/** Fewer points than this do not tell one noise from another. */
const LEAST_POINTS = 30;

/** Every m-th phase point. */
function decimated({ phase }: Series, m: number): Float64Array {
  const points = new Float64Array(Math.ceil(phase.length / m));
  for (let k = 0; k < points.length; k += 1) points[k] = phase[k * m] as number;
  return points;
}

function differenced(values: Float64Array): Float64Array {
  const result = new Float64Array(values.length - 1);
  for (let k = 0; k < result.length; k += 1) result[k] = (values[k + 1] as number) - (values[k] as number);
  return result;
}

function meanOf(values: Float64Array): { mean: number; count: number } {
  let sum = 0;
  let count = 0;
  for (let k = 0; k < values.length; k += 1) {
    const value = values[k] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return { mean: sum / count, count };
}

/** The lag-1 autocorrelation of the known values around their mean. */
function lag1Autocorrelation(values: Float64Array): number {
  const { mean } = meanOf(values);
  let products = 0;
  let squares = 0;
  let before = Number.NaN;
  for (let k = 0; k < values.length; k += 1) {
    const here = (values[k] as number) - mean;
    if (!Number.isNaN(here)) {
      squares += here * here;
      if (!Number.isNaN(before)) products += before * here;
    }
    before = here;
  }
  return products / squares;
}

/**
 * Identifies the dominant power-law noise at tau = m tau0 by the lag-1 autocorrelation (Riley and Greenhall 2004; NIST
 * SP 1065, 5.5.6): the phase, decimated by m and without its parabola, is differenced until it looks stationary.
 *
 * @returns alpha, an integer from -4 to 2, or null where fewer than 30 points are left or they do not vary.
 */
export function identifyNoise(series: Series, m: number): number | null {
  const points = decimated(series, m);
  if (meanOf(points).count < LEAST_POINTS) return null;
  let values = withoutParabola(points);
  for (let order = 0; ; order += 1) {
    const correlation = lag1Autocorrelation(values);
    if (!Number.isFinite(correlation)) return null;
    const rho = correlation / (1 + correlation);
    if (rho < 0.25 || order === 3) return Math.max(-4, Math.min(2, 2 - 2 * order - Math.round(2 * rho)));
    values = differenced(values);
  }
}
