/**
 * The estimators once more, slowly, straight from their definitions in terms of average frequencies (Allan, Hadamard)
 * or of phase windows (modified, MTIE), to hold the fast ones against. Nothing is shared with src.
 */

/** Average frequencies over m steps at every point; NaN where a step is missing. */
function averages(frequency: readonly number[], m: number): number[] {
  const result: number[] = [];
  for (let i = 0; i + m <= frequency.length; i++) {
    const known = frequency.slice(i, i + m).filter((y) => !Number.isNaN(y));
    result.push(known.length === m ? known.reduce((a, b) => a + b, 0) / known.length : Number.NaN);
  }
  return result;
}

const rootMean = (squares: readonly number[], scale: number): number =>
  Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length / scale);

const known = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));

export function plainAdev(frequency: readonly number[], m: number, stride: number): number {
  const y = averages(frequency, m);
  const squares: number[] = [];
  for (let i = 0; i + m < y.length; i += stride) squares.push(((y[i + m] as number) - (y[i] as number)) ** 2);
  return rootMean(known(squares), 2);
}

export function plainHdev(frequency: readonly number[], m: number, stride: number): number {
  const y = averages(frequency, m);
  const squares: number[] = [];
  for (let i = 0; i + 2 * m < y.length; i += stride) {
    squares.push(((y[i + 2 * m] as number) - 2 * (y[i + m] as number) + (y[i] as number)) ** 2);
  }
  return rootMean(known(squares), 6);
}

export function plainMdev(frequency: readonly number[], m: number): number {
  const y = averages(frequency, m);
  const squares: number[] = [];
  for (let j = 0; j + 3 * m - 2 < frequency.length; j++) {
    const differences: number[] = [];
    for (let i = j; i < j + m; i++) differences.push((y[i + m] as number) - (y[i] as number));
    const there = known(differences);
    if (there.length >= (31 / 32) * m) squares.push((there.reduce((a, b) => a + b, 0) / there.length) ** 2);
  }
  return rootMean(squares, 2);
}

/** From the frequencies, reflected at both ends: y*[-1 - j] = y[j]. */
export function plainTotdev(frequency: readonly number[], m: number): number {
  const mirrored = frequency.toReversed();
  const extended = [...mirrored, ...frequency, ...mirrored];
  const squares: number[] = [];
  for (let i = 1; i < frequency.length; i++) {
    const at = frequency.length + i;
    const back = averages(extended.slice(at - m, at), m)[0] as number;
    const forth = averages(extended.slice(at, at + m), m)[0] as number;
    squares.push((forth - back) ** 2);
  }
  return rootMean(known(squares), 2);
}

export function plainMtie(phase: readonly number[], m: number): number {
  let largest = 0;
  for (let i = 0; i + m < phase.length; i++) {
    const window = known(phase.slice(i, i + m + 1));
    if (window.length > 0) largest = Math.max(largest, Math.max(...window) - Math.min(...window));
  }
  return largest;
}

export function plainTierms(phase: readonly number[], m: number): number {
  const squares: number[] = [];
  for (let i = 0; i + m < phase.length; i++)
    squares.push(((phase[i + m] as number) - (phase[i] as number)) ** 2);
  return rootMean(known(squares), 1);
}

/** Phase from frequency at tau0 = 1, from 0. */
export function integrated(frequency: readonly number[]): number[] {
  const phase = [0];
  for (const y of frequency) phase.push((phase.at(-1) as number) + y);
  return phase;
}

/** The mean square of the second differences of means over m of 3m values, without their half-mean slope, mirrored at both ends. */
function plainReflected(values: readonly number[], m: number): number {
  const half = Math.floor(values.length / 2);
  const mean = (part: readonly number[]) => part.reduce((a, b) => a + b, 0) / part.length;
  const slope =
    (mean(values.slice(values.length - half)) - mean(values.slice(0, half))) / (values.length - half);
  const straight = values.map((value, k) => value - slope * k);
  const extended = [...straight.toReversed(), ...straight, ...straight.toReversed()];
  const squares: number[] = [];
  for (let j = 0; j < 6 * m; j++) {
    const at = (k: number) => mean(extended.slice(j + k * m, j + (k + 1) * m));
    squares.push((at(2) - 2 * at(1) + at(0)) ** 2);
  }
  return mean(squares);
}

const windows = (values: readonly number[], length: number): number[][] =>
  Array.from({ length: Math.max(0, values.length - length + 1) }, (_, i) =>
    values.slice(i, i + length),
  ).filter((window) => !window.some(Number.isNaN));

export const plainMtotdev = (phase: readonly number[], m: number): number =>
  rootMean(
    windows(phase, 3 * m).map((window) => plainReflected(window, m)),
    2 * m * m,
  );

export const plainHtotdev = (frequency: readonly number[], m: number): number =>
  m === 1
    ? plainHdev(frequency, 1, 1)
    : rootMean(
        windows(frequency, 3 * m).map((window) => plainReflected(window, m)),
        6,
      );

export const plainTheo1 = (phase: readonly number[], m: number): number =>
  rootMean(
    windows(phase, m + 1).map((x) => {
      const at = (k: number) => x[k] as number;
      let sum = 0;
      for (let d = 0; d < m / 2; d++)
        sum += (at(0) - at(m / 2 - d) + at(m) - at(m / 2 + d)) ** 2 / (m / 2 - d);
      return sum;
    }),
    0.75 * m * m,
  );

/** Slopes of least squares, m points each; the last window is left out. */
export function plainPdev(phase: readonly number[], m: number): number {
  const slope = (x: readonly number[]) =>
    x.reduce((sum, value, k) => sum + value * (k - (m - 1) / 2), 0) / ((m * (m * m - 1)) / 12);
  const squares = windows(phase, 2 * m + 1).map(
    (x) => (slope(x.slice(m, 2 * m)) - slope(x.slice(0, m))) ** 2 * (1 - 1 / m ** 2) ** 2,
  );
  return rootMean(squares, 2);
}
