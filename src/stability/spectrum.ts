import { mean } from '../statistics.ts';

/** The spectrum of a record by Welch's method. */
export interface Spectrum {
  /** Hz. */
  readonly hz: number;
  /** One-sided power density of the phase, s^2/Hz. */
  readonly phase: number;
}

/** Neighbouring frequencies are averaged, to this many per decade. */
const PER_DECADE = 40;
/** Segments are the longest power of two of which this many fit in the record; half of each overlaps the next. */
const SEGMENTS = 4;
const LEAST_POINTS = 16;

/** The discrete Fourier transform in place; the length is a power of two. */
function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i += 1) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let half = 1; half < n; half *= 2) {
    for (let k = 0; k < half; k += 1) {
      const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let i = k; i < n; i += 2 * half) {
        const j = i + half;
        const [a, b] = [re[j] as number, im[j] as number];
        const [x, y] = [a * cos - b * sin, a * sin + b * cos];
        re[j] = (re[i] as number) - x;
        im[j] = (im[i] as number) - y;
        re[i] = (re[i] as number) + x;
        im[i] = (im[i] as number) + y;
      }
    }
  }
}

/**
 * The spectrum of the phase behind a record of average frequencies: Hann windows that overlap by half (Welch 1967), without
 * their mean, of those segments in which nothing is missing. It is taken of the frequency, which leaks less, and divided
 * by the square of what a difference over tau0 does.
 *
 * @param frequency average fractional frequencies, one each tau0; NaN is a gap.
 * @returns from low to high; nothing where the record is short or the gaps leave no segment.
 */
export function phaseSpectrum(frequency: Float64Array, tau0: number): Spectrum[] {
  const size = 2 ** Math.floor(Math.log2(frequency.length / SEGMENTS));
  for (let length = size; length >= LEAST_POINTS; length /= 2) {
    const found = averaged(frequency, tau0, length);
    if (found !== null) return binned(found);
  }
  return [];
}

function averaged(frequency: Float64Array, tau0: number, length: number): Spectrum[] | null {
  const window = Float64Array.from(
    { length },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length),
  );
  const power = window.reduce((sum, w) => sum + w * w, 0);
  const density = new Float64Array(length / 2);
  let segments = 0;
  for (let from = 0; from + length <= frequency.length; from += length / 2) {
    const part = frequency.subarray(from, from + length);
    const middle = mean(part);
    if (Number.isNaN(middle)) continue;
    const re = part.map((y, i) => (y - middle) * (window[i] as number));
    const im = new Float64Array(length);
    transform(re, im);
    for (let k = 1; k < length / 2; k += 1)
      density[k] = (density[k] as number) + (re[k] as number) ** 2 + (im[k] as number) ** 2;
    segments += 1;
  }
  if (segments === 0) return null;
  // The lowest two frequencies are the window's own width around 0.
  return Array.from(density.subarray(2), (sum, k) => {
    const hz = (k + 2) / (length * tau0);
    const ofFrequency = (2 * tau0 * sum) / (power * segments);
    return { hz, phase: (ofFrequency * tau0 ** 2) / (4 * Math.sin(Math.PI * hz * tau0) ** 2) };
  });
}

/** Neighbours that are closer than a step of the logarithmic scale as their mean. */
function binned(spectrum: readonly Spectrum[]): Spectrum[] {
  const bins = new Map<number, Spectrum[]>();
  for (const one of spectrum) {
    const bin = Math.floor(Math.log10(one.hz) * PER_DECADE);
    bins.set(bin, [...(bins.get(bin) ?? []), one]);
  }
  return [...bins.values()].map((all) => ({
    hz: mean(all.map(({ hz }) => hz)),
    phase: mean(all.map(({ phase }) => phase)),
  }));
}
