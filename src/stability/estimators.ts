import { greenhallEdf, totalEdf } from './degrees-of-freedom.ts';
import { adev, type Estimate, hdev, oadev, ohdev } from './deviations.ts';
import { mdev, tdev } from './modified.ts';
import type { Series } from './series.ts';
import { mtieOf, tierms } from './time-interval.ts';
import { totdev } from './total.ts';

/** What the analysis knows of one estimator. */
interface Estimator {
  /** The full name. */
  readonly title: string;
  /** A fractional frequency, or a time in seconds. */
  readonly unit: 'ratio' | 's';
  /** The phase points that one term at averaging factor m spans. */
  points(m: number): number;
  /** The estimator for a series, to be called with growing m. */
  prepare(series: Series): (m: number) => Estimate;
  /** Equivalent degrees of freedom for the noise alpha, or null where there is no interval. */
  edf(alpha: number, m: number, points: number): number | null;
}

const plain =
  (estimate: (series: Series, m: number) => Estimate): Estimator['prepare'] =>
  (series) =>
  (m) =>
    estimate(series, m);

function family(order: 2 | 3, overlapping: boolean, modified = false): Estimator['edf'] {
  // The Allan variance of noise steeper than random walk FM does not converge; the interval is that of random walk FM.
  const floor = order === 2 ? -2 : -4;
  return (alpha, m, points) =>
    greenhallEdf({ order, overlapping, modified }, Math.max(floor, alpha), m, points);
}

const none = (): null => null;

/** Every estimator, in the order in which they are shown. */
export const ESTIMATORS = {
  adev: {
    title: 'Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(adev),
    edf: family(2, false),
  },
  oadev: {
    title: 'overlapping Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(oadev),
    edf: family(2, true),
  },
  mdev: {
    title: 'modified Allan deviation',
    unit: 'ratio',
    points: (m) => 3 * m,
    prepare: plain(mdev),
    edf: family(2, true, true),
  },
  tdev: {
    title: 'time deviation',
    unit: 's',
    points: (m) => 3 * m,
    prepare: plain(tdev),
    edf: family(2, true, true),
  },
  hdev: {
    title: 'Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(hdev),
    edf: family(3, false),
  },
  ohdev: {
    title: 'overlapping Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(ohdev),
    edf: family(3, true),
  },
  totdev: {
    title: 'total deviation',
    unit: 'ratio',
    points: (m) => Math.max(3, m + 1),
    prepare: plain(totdev),
    edf: (alpha, m, points) => totalEdf(Math.max(-2, alpha), m, points),
  },
  mtie: { title: 'maximum time-interval error', unit: 's', points: (m) => m + 1, prepare: mtieOf, edf: none },
  tierms: {
    title: 'RMS time-interval error',
    unit: 's',
    points: (m) => m + 1,
    prepare: plain(tierms),
    edf: none,
  },
} as const satisfies Record<string, Estimator>;

/** The short name of an estimator, as in the field. */
export type EstimatorName = keyof typeof ESTIMATORS;

/** All of them, in order. */
export const ESTIMATOR_NAMES = Object.keys(ESTIMATORS) as EstimatorName[];
