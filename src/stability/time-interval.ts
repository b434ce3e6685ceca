import type { Estimate } from './deviations.ts';
import { differences, type Series } from './series.ts';

/** RMS time-interval error in seconds: the root mean square of x[i + m] - x[i], its constant frequency included. */
export function tierms(series: Series, m: number): Estimate {
  const values = differences(series, m, 1);
  const drift = m * series.slope;
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i += 1) {
    const error = (values[i] as number) + drift;
    if (Number.isNaN(error)) continue;
    sum += error * error;
    n += 1;
  }
  return { value: Math.sqrt(sum / n), n };
}

/**
 * Computes MTIE (ITU-T G.810): the largest peak-to-peak phase, in seconds, in any window of m + 1 points.
 *
 * The extremes of 2^k neighbouring points are kept and doubled as m grows; two of them, overlapping, cover any window.
 * So each m takes time in proportion to the record, and not to the record times m.
 *
 * @returns a function of m, to be called with growing m. Across a gap in phase data a window has the points it has; a
 * window with a gap in frequency data is left out.
 */
export function mtieOf(series: Series): (m: number) => Estimate {
  const { phase, slope, known } = series;
  const highest = new Float64Array(phase.length);
  const lowest = new Float64Array(phase.length);
  let width = 0;

  const restart = () => {
    for (let i = 0; i < phase.length; i += 1) {
      const x = (phase[i] as number) + i * slope;
      highest[i] = Number.isNaN(x) ? Number.NEGATIVE_INFINITY : x;
      lowest[i] = Number.isNaN(x) ? Number.POSITIVE_INFINITY : x;
    }
    width = 1;
  };
  const double = () => {
    const end = phase.length - 2 * width + 1;
    for (let i = 0; i < end; i += 1) {
      highest[i] = Math.max(highest[i] as number, highest[i + width] as number);
      lowest[i] = Math.min(lowest[i] as number, lowest[i + width] as number);
    }
    width *= 2;
  };

  return (m) => {
    const points = m + 1;
    if (width === 0 || width > points) restart();
    while (2 * width <= points && 2 * width <= phase.length) double();
    const shift = points - width;
    let value = Number.NaN;
    let n = 0;
    for (let i = 0; i + m < phase.length; i += 1) {
      if (known !== null && (known[i + m] as number) - (known[i] as number) < m) continue;
      const high = Math.max(highest[i] as number, highest[i + shift] as number);
      const low = Math.min(lowest[i] as number, lowest[i + shift] as number);
      if (high < low) continue;
      if (!(high - low <= value)) value = high - low;
      n += 1;
    }
    return { value, n };
  };
}
