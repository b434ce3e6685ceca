import type { EstimatorShape } from './degrees-of-freedom.ts';
import { adev, type Estimate, hdev, oadev, ohdev } from './deviations.ts';
import { edfOf } from './effective-terms.ts';
import { mdev, tdev } from './modified.ts';
import type { Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import { mtieOf, tierms } from './time-interval.ts';
import { totdev } from './total.ts';
import { totalBias, totalEdfOf } from './total-noise.ts';

/** What the analysis knows of one estimator. */
export interface Estimator {
  /** The full name. */
  readonly title: string;
  /** A fractional frequency, or a time in seconds. */
  readonly unit: 'ratio' | 's';
  /** The phase points that one term at averaging factor m spans. */
  points(m: number): number;
  /** The estimator for a series, to be called with growing m. */
  prepare(series: Series): (m: number) => Estimate;
  /** True where phase is averaged before it is differenced; noises then have other shares. */
  readonly modified?: true;
  /** Equivalent degrees of freedom in this noise, or null where there is no interval. */
  edf(series: Series, m: number, mixture: Mixture): number | null;
  /** How many times the variance is too large in this noise; it is taken out. */
  bias?(series: Series, m: number, mixture: Mixture): number;
}

const plain =
  (estimate: (series: Series, m: number) => Estimate): Estimator['prepare'] =>
  (series) =>
  (m) =>
    estimate(series, m);

const family =
  (shape: EstimatorShape): Estimator['edf'] =>
  (series, m, mixture) =>
    edfOf(series, shape, mixture, m);

const OVERLAPPING_MODIFIED = family({ order: 2, overlapping: true, modified: true });

const none = (): null => null;

/** Every estimator, in the order in which they are shown. */
export const ESTIMATORS = {
  adev: {
    title: 'Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(adev),
    edf: family({ order: 2, overlapping: false, modified: false }),
  },
  oadev: {
    title: 'overlapping Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(oadev),
    edf: family({ order: 2, overlapping: true, modified: false }),
  },
  mdev: {
    title: 'modified Allan deviation',
    unit: 'ratio',
    points: (m) => 3 * m,
    prepare: plain(mdev),
    modified: true,
    edf: OVERLAPPING_MODIFIED,
  },
  tdev: {
    title: 'time deviation',
    unit: 's',
    points: (m) => 3 * m,
    prepare: plain(tdev),
    modified: true,
    edf: OVERLAPPING_MODIFIED,
  },
  hdev: {
    title: 'Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(hdev),
    edf: family({ order: 3, overlapping: false, modified: false }),
  },
  ohdev: {
    title: 'overlapping Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(ohdev),
    edf: family({ order: 3, overlapping: true, modified: false }),
  },
  totdev: {
    title: 'total deviation',
    unit: 'ratio',
    points: (m) => Math.max(3, m + 1),
    prepare: plain(totdev),
    edf: totalEdfOf,
    bias: totalBias,
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
