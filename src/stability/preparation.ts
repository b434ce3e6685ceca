import { leastSquares, robustSpread, standardDeviation } from '../statistics.ts';

/** Steps that change a record before it is analysed; each says what it did. */

/** The linear drift of frequency that was taken out. */
export interface DriftStep {
  readonly step: 'drift';
  /** Change of the fractional frequency, per second. */
  readonly driftPerSecond: number;
}

/** The outliers that became gaps. */
export interface OutlierStep {
  readonly step: 'outliers';
  readonly sigmas: number;
  readonly removed: number;
  /** Frequencies farther than this from their median went, as a ratio. */
  readonly limitRatio: number;
}

export type Preparation = DriftStep | OutlierStep;

interface Prepared<Step> {
  readonly values: Float64Array;
  readonly step: Step;
}

/** Average frequencies between neighbouring phase points; NaN where one of them is missing. */
export function frequencyOf(phase: Float64Array, tau0: number): Float64Array {
  return Float64Array.from(
    { length: Math.max(0, phase.length - 1) },
    (_, i) => ((phase[i + 1] as number) - (phase[i] as number)) / tau0,
  );
}

/**
 * Takes the linear drift of frequency out: the slope of the least-squares line through the frequencies. From phase, the
 * parabola that the same drift makes.
 */
export function withoutDrift(
  values: Float64Array,
  data: 'phase' | 'frequency',
  tau0: number,
): Prepared<DriftStep> {
  const frequency = data === 'frequency' ? values : frequencyOf(values, tau0);
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < frequency.length; i += 1) {
    if (Number.isNaN(frequency[i])) continue;
    x.push(i * tau0);
    y.push(frequency[i] as number);
  }
  const driftPerSecond = leastSquares(x, y)?.slope ?? 0;
  const middle = ((values.length - 1) / 2) * tau0;
  const changed = values.map((value, i) => {
    const t = i * tau0 - middle;
    return value - (data === 'frequency' ? driftPerSecond * t : (driftPerSecond * t * t) / 2);
  });
  return { values: changed, step: { step: 'drift', driftPerSecond } };
}

const MOST_PASSES = 10;

/**
 * Makes frequencies that are farther than `sigmas` from their median gaps, again until none is: sigma by the median
 * absolute deviation, which outliers do not move (NIST SP 1065, 10.11).
 */
export function withoutOutliers(frequency: Float64Array, sigmas: number): Prepared<OutlierStep> {
  const values = Float64Array.from(frequency);
  let removed = 0;
  let limitRatio = 0;
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const known = values.filter((value) => !Number.isNaN(value));
    if (known.length < 3) break;
    const { middle, deviation } = robustSpread(known);
    limitRatio = sigmas * (deviation || standardDeviation(known));
    let found = 0;
    for (let i = 0; i < values.length; i += 1) {
      if (!(Math.abs((values[i] as number) - middle) > limitRatio)) continue;
      values[i] = Number.NaN;
      found += 1;
    }
    removed += found;
    if (found === 0) break;
  }
  return { values, step: { step: 'outliers', sigmas, removed, limitRatio } };
}
