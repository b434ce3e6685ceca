import { edfOf } from './effective-terms.ts';
import { identifyNoises, mixtureAt } from './noise.ts';
import { differences, phaseSeries, type Series } from './series.ts';

/**
 * What the records are: `clocks`, each against one reference that they share; `pairs`, three measured differences A-B, B-C
 * and C-A, each by a counter of its own.
 */
export type HatKind = 'clocks' | 'pairs';

/** One clock at one averaging time. Variances are those of two samples (Allan); below 0 they are as they came out. */
export interface HatClock {
  /** From the variances of the differences (Gray and Allan 1974; for more than three NIST SP 1065, 10.13). */
  readonly variance: number | null;
  /** From products of differences (Groslambert et al. 1981), which the counters' own noise does not raise; null for `clocks`, where it is the same. */
  readonly covariance: number | null;
  /** The interval of the variance (of `covariance` where there is one): below 0 at its low end where the clock cannot be told from none. */
  readonly low: number | null;
  readonly high: number | null;
  /** The root of the variance (or covariance); null below 0. */
  readonly deviation: number | null;
  readonly edf: number | null;
}

/** All clocks at one averaging time. */
export interface HatPoint {
  readonly m: number;
  readonly tau: number;
  /** Second differences that all records know. */
  readonly n: number;
  readonly clocks: readonly HatClock[];
}

/** Draws behind an interval: its ends are then known to a few per cent. */
const DRAWS = 2000;

type Matrix = readonly (readonly number[])[];

const at = (matrix: Matrix, i: number, j: number): number => matrix[i]?.[j] as number;

/** A repeatable source of normal and gamma variates (Park and Miller; Marsaglia and Tsang 2000). */
function variates(seed: number) {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { normal, chi: (degrees: number) => Math.sqrt(2 * gamma(degrees / 2)) };
}

/** The lower root of a covariance matrix; null where it has none. */
function cholesky(matrix: Matrix): number[][] | null {
  const root = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = at(matrix, i, j);
      for (let k = 0; k < j; k += 1) sum -= at(root, i, k) * at(root, j, k);
      if (i === j && !(sum > 0)) return null;
      (root[i] as number[])[j] = i === j ? Math.sqrt(sum) : sum / at(root, j, j);
    }
  }
  return root;
}

/** The columns of x that solve lower x = right. */
function solved(lower: Matrix, right: Matrix): number[][] {
  const x = right.map((row) => [...row]);
  for (let i = 0; i < x.length; i += 1)
    for (let c = 0; c < (right[0]?.length ?? 0); c += 1) {
      let sum = at(right, i, c);
      for (let k = 0; k < i; k += 1) sum -= at(lower, i, k) * at(x, k, c);
      (x[i] as number[])[c] = sum / at(lower, i, i);
    }
  return x;
}

const transposed = (matrix: Matrix): number[][] =>
  (matrix[0] ?? []).map((_, j) => matrix.map((row) => row[j] as number));

/**
 * Quantiles of `of(covariance)` over the covariance matrices that a sample one of that many degrees of freedom may come
 * from: draws of inverse Wishart matrices around it, as Vernotte and Lantz (KLTG, 2021) do for three clocks.
 */
function intervalOf(
  sample: Matrix,
  degrees: number,
  confidence: number,
  of: (covariance: Matrix) => number,
): { low: number; high: number } | null {
  const size = sample.length;
  const root = cholesky(sample);
  // An inverse Wishart matrix needs more degrees of freedom than it has rows.
  if (root === null || degrees <= size) return null;
  const random = variates(20_260_131);
  const draws = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    // Bartlett: a lower triangle A with A A' of the Wishart distribution; root (A A' / degrees)^-1 root'.
    const triangle = sample.map((row, i) =>
      row.map((_, j) => (j < i ? random.normal() : j === i ? random.chi(degrees - i) : 0)),
    );
    const half = solved(triangle, transposed(root));
    const covariance = sample.map((row, i) =>
      row.map(
        (_, j) => degrees * half.reduce((sum, one) => sum + (one[i] as number) * (one[j] as number), 0),
      ),
    );
    draws[draw] = of(covariance);
  }
  draws.sort();
  const tail = (1 - confidence) / 2;
  const place = (share: number) => draws[Math.min(DRAWS - 1, Math.floor(share * DRAWS))] as number;
  return { low: place(tail), high: place(1 - tail) };
}

/** The N-cornered hat: each clock's variance from those of all differences. `covariance` is of the clocks against one. */
function clockVariance(covariance: Matrix, clock: number): number {
  const count = covariance.length + 1;
  const of = (i: number, j: number): number => {
    const element = (a: number, b: number) => (a === count - 1 || b === count - 1 ? 0 : at(covariance, a, b));
    return element(i, i) + element(j, j) - 2 * element(i, j);
  };
  let own = 0;
  let all = 0;
  for (let i = 0; i < count; i += 1)
    for (let j = 0; j < count; j += 1) {
      all += of(i, j);
      if (i === clock) own += of(i, j);
    }
  return (own - all / (2 * (count - 1))) / (count - 2);
}

/** Of A-B, B-C and C-A: [the two that the clock is in, the one that it is not in]. */
const CORNERS = [
  [0, 2, 1],
  [0, 1, 2],
  [1, 2, 0],
] as const;

const classical = (covariance: Matrix, [a, b, other]: readonly [number, number, number]): number =>
  (at(covariance, a, a) + at(covariance, b, b) - at(covariance, other, other)) / 2;
const product = (covariance: Matrix, [a, b]: readonly [number, number, number]): number =>
  -at(covariance, a, b);

/** The difference of two series of the same length; its gaps are those of both. */
function difference(a: Series, b: Series): Series {
  const phase = a.phase.map((x, i) => x - (b.phase[i] as number));
  const missing = (series: Series, i: number) =>
    series.known !== null && i > 0 && series.known[i] === series.known[i - 1];
  if (a.known === null && b.known === null)
    return { ...phaseSeries(phase, a.tau0), slope: a.slope - b.slope };
  const known = new Int32Array(phase.length);
  for (let i = 1; i < phase.length; i += 1)
    known[i] = (known[i - 1] as number) + (missing(a, i) || missing(b, i) ? 0 : 1);
  return { tau0: a.tau0, phase, slope: a.slope - b.slope, known };
}

const ALLAN = { order: 2, overlapping: true, modified: false } as const;

/** The covariances of the second differences over m of all series, over 2 tau^2, and how many all know. */
function covariancesAt(all: readonly Series[], m: number): { matrix: number[][]; n: number } {
  const terms = all.map((series) => differences(series, m, 2));
  const matrix = all.map(() => all.map(() => 0));
  let n = 0;
  const length = Math.min(...terms.map((one) => one.length));
  for (let i = 0; i < length; i += 1) {
    if (terms.some((one) => Number.isNaN(one[i]))) continue;
    n += 1;
    for (const [a, left] of terms.entries())
      for (const [b, right] of terms.entries())
        (matrix[a] as number[])[b] = at(matrix, a, b) + (left[i] as number) * (right[i] as number);
  }
  const scale = 2 * (m * (all[0] as Series).tau0) ** 2 * n;
  return { matrix: matrix.map((row) => row.map((value) => value / scale)), n };
}

const NOTHING: HatClock = {
  variance: null,
  covariance: null,
  low: null,
  high: null,
  deviation: null,
  edf: null,
};

/**
 * The three-cornered hat for three or more records on one grid: how unstable each clock is by itself, where only
 * differences of clocks can be measured. Its assumption is that the clocks are independent.
 *
 * @param factors averaging factors m.
 */
export function corneredHat(
  records: readonly Series[],
  kind: HatKind,
  factors: readonly number[],
  confidence: number,
): HatPoint[] {
  const last = records.at(-1) as Series;
  const measured = kind === 'pairs' ? records : records.slice(0, -1).map((one) => difference(one, last));
  // The differences that each clock is in tell its noise, and so the degrees of freedom.
  const pairs =
    kind === 'pairs'
      ? records.map((series, i) => ({ series, clocks: [i, (i + 1) % 3] }))
      : records.flatMap((a, i) =>
          records.slice(i + 1).map((b, k) => ({ series: difference(a, b), clocks: [i, i + 1 + k] })),
        );
  const noises = pairs.map(({ series }) => identifyNoises(series));
  return factors.map((m) => {
    const { matrix, n } = covariancesAt(measured, m);
    const degrees = pairs.map(({ series }, i) => {
      const model = noises[i] ?? null;
      return model === null ? null : edfOf(series, ALLAN, mixtureAt(model, m, false), m);
    });
    const clocks = records.map((_, clock): HatClock => {
      if (n === 0) return NOTHING;
      const corner = CORNERS[clock] ?? CORNERS[0];
      const variance = kind === 'pairs' ? classical(matrix, corner) : clockVariance(matrix, clock);
      const covariance = kind === 'pairs' ? product(matrix, corner) : null;
      const own = degrees.filter((_, i) => pairs[i]?.clocks.includes(clock));
      const known = own.filter((edf) => edf !== null);
      const edf = known.length < own.length ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
      const of = (drawn: Matrix) => (kind === 'pairs' ? product(drawn, corner) : clockVariance(drawn, clock));
      const interval = edf === null ? null : intervalOf(matrix, edf, confidence, of);
      const best = covariance ?? variance;
      return {
        variance,
        covariance,
        low: interval?.low ?? null,
        high: interval?.high ?? null,
        deviation: best >= 0 ? Math.sqrt(best) : null,
        edf,
      };
    });
    return { m, tau: m * last.tau0, n, clocks };
  });
}
