import type { EstimatorShape } from './degrees-of-freedom.ts';
import { adev, type Estimate, hdev, oadev, ohdev } from './deviations.ts';
import { edfOf, spanEdf, spanWeights, weightsOf } from './effective-terms.ts';
import { mdev, tdev } from './modified.ts';
import { differenceVariance, type Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import {
  HADAMARD_TOTAL,
  MODIFIED_TOTAL,
  PARABOLIC,
  type Span,
  spanDeviation,
  spanExpectation,
  THEO1,
} from './spans.ts';
import {
  hadamardTotalBias,
  hadamardTotalExpectation,
  modifiedTotalBias,
  modifiedTotalExpectation,
} from './subsequence-bias.ts';
import {
  NO_BIAS,
  THEO1_SHARE,
  theo1,
  theo1Lacks,
  theobrEdf,
  theobrOf,
  theohIsAllan,
  theohOf,
} from './theo.ts';
import { mtieOf, tierms } from './time-interval.ts';
import { totdev } from './total.ts';
import { totalBias, totalEdfOf, totalWeights } from './total-noise.ts';

/** What the analysis knows of one estimator. */
export interface Estimator {
  /** The full name. */
  readonly title: string;
  /** A fractional frequency, or a time in seconds. */
  readonly unit: 'ratio' | 's';
  /** The phase points that one term at averaging factor m spans. */
  points(m: number): number;
  /** Why there is no such statistic at m, in whatever record; null where there is one. */
  lacks?(m: number, points: number): string | null;
  /** Why a record with gaps has no such statistic where it lacks no points. */
  readonly withGaps?: string;
  /** The estimator for a series, to be called with growing m. */
  prepare(series: Series): (m: number) => Estimate;
  /** True where phase is averaged before it is differenced; noises then have other shares. */
  readonly modified?: true;
  /** Equivalent degrees of freedom in this noise, or null where there is no interval. */
  edf(series: Series, m: number, mixture: Mixture): number | null;
  /** The variance in unit noise (`phaseCovariance`) where tau0 is 1, any bias taken out; of a time over m^2 / 3. */
  expects?(m: number, alpha: number, points: number): number;
  /** What the squares weigh behind few of them (see `squaresQuantile`). */
  weights?(series: Series, m: number, mixture: Mixture): number[];
  /** `none`: an extreme, or a mean that holds a constant frequency. */
  readonly interval?: 'none';
  /** The averaging time in units of tau0 where it is not m. */
  averaging?(m: number, points: number): number;
  /** How many times the variance is too large in this noise; it is taken out. */
  bias?(series: Series, m: number, mixture: Mixture): number;
  /** The same from the expectation of the terms, where `bias` is a published number: the interval holds around both. */
  expectedBias?(m: number, mixture: Mixture): number;
  /** Why there is no interval at m, in whatever noise; null where there may be one. */
  lacksInterval?(m: number): string | null;
}

const plain =
  (estimate: (series: Series, m: number) => Estimate): Estimator['prepare'] =>
  (series) =>
  (m) =>
    estimate(series, m);

const family = (shape: EstimatorShape): Pick<Required<Estimator>, 'edf' | 'weights' | 'expects'> => ({
  expects: (m, alpha) =>
    differenceVariance(alpha, shape.order, m, shape.modified) / ((shape.order === 2 ? 2 : 6) * m * m),
  edf: (series, m, mixture) => edfOf(series, shape, mixture, m),
  weights: (series, m, mixture) => weightsOf(series, shape, mixture, m),
});

const spans = (span: Span): Pick<Estimator, 'edf' | 'weights'> => ({
  edf: (series, m, mixture) => spanEdf(series, span, mixture, m),
  weights: (series, m, mixture) => spanWeights(series, span, mixture, m),
});

/** Of long spans from one that is not, as the Allan variance grows, modified or not. */
const spanExpects =
  (span: Span, allan: Pick<Required<Estimator>, 'expects'>): Required<Estimator>['expects'] =>
  (m, alpha, points) => {
    const size = Math.min(m, span.modelled);
    const growth = allan.expects(m, alpha, points) / allan.expects(size, alpha, points);
    return (spanExpectation(span, size, alpha) / size ** 2) * growth;
  };

const ofSpan = (span: Span) => plain((series, m) => spanDeviation(series, span, m));

/** TTOT is to MTOT what TDEV is to MDEV. */
function ttotdev(series: Series, m: number): Estimate {
  const { value, n } = spanDeviation(series, MODIFIED_TOTAL, m);
  return { value: (value * m * series.tau0) / Math.sqrt(3), n };
}

/** There the variance is half of MDEV's whatever the noise, and not what its published correction says. */
const modifiedTotalLacks = (m: number): string | null =>
  m === 1
    ? 'no interval at m = 1: its published correction does not hold there, and mdev looks at the same'
    : null;

/** It begins at m = 10. */
const theo1Points = (m: number): number => THEO1.points(Math.max(10, m));
const theo1Time = (m: number): number => THEO1_SHARE * m;

const OVERLAPPING_ALLAN = family({ order: 2, overlapping: true, modified: false });
const OVERLAPPING_MODIFIED = family({ order: 2, overlapping: true, modified: true });
const OVERLAPPING_HADAMARD = family({ order: 3, overlapping: true, modified: false });

/** MDEV's, which TDEV is tau / sqrt(3) of. */
const OF_MODIFIED = {
  points: (m: number) => 3 * m,
  modified: true,
  ...OVERLAPPING_MODIFIED,
} as const;

/** MTOT's, which TTOT is tau / sqrt(3) of. */
const OF_MODIFIED_TOTAL = {
  points: MODIFIED_TOTAL.points,
  modified: true,
  ...spans(MODIFIED_TOTAL),
  expects: OVERLAPPING_MODIFIED.expects,
  bias: modifiedTotalBias,
  expectedBias: modifiedTotalExpectation,
  lacksInterval: modifiedTotalLacks,
} as const;

/** TheoBR is the Allan variance at its own averaging time. */
const theobrExpects: Required<Estimator>['expects'] = (m, alpha, points) =>
  OVERLAPPING_ALLAN.expects(theo1Time(m), alpha, points);

const none = (): null => null;

/** Every estimator, in the order in which they are shown. */
export const ESTIMATORS = {
  adev: {
    title: 'Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(adev),
    ...family({ order: 2, overlapping: false, modified: false }),
  },
  oadev: {
    title: 'overlapping Allan deviation',
    unit: 'ratio',
    points: (m) => 2 * m + 1,
    prepare: plain(oadev),
    ...OVERLAPPING_ALLAN,
  },
  mdev: {
    title: 'modified Allan deviation',
    unit: 'ratio',
    prepare: plain(mdev),
    ...OF_MODIFIED,
  },
  tdev: {
    title: 'time deviation',
    unit: 's',
    prepare: plain(tdev),
    ...OF_MODIFIED,
  },
  hdev: {
    title: 'Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(hdev),
    ...family({ order: 3, overlapping: false, modified: false }),
  },
  ohdev: {
    title: 'overlapping Hadamard deviation',
    unit: 'ratio',
    points: (m) => 3 * m + 1,
    prepare: plain(ohdev),
    ...OVERLAPPING_HADAMARD,
  },
  totdev: {
    title: 'total deviation',
    unit: 'ratio',
    points: (m) => Math.max(3, m + 1),
    prepare: plain(totdev),
    edf: totalEdfOf,
    weights: totalWeights,
    expects: OVERLAPPING_ALLAN.expects,
    bias: totalBias,
  },
  mtotdev: {
    title: 'modified total deviation',
    unit: 'ratio',
    prepare: ofSpan(MODIFIED_TOTAL),
    ...OF_MODIFIED_TOTAL,
  },
  ttotdev: {
    title: 'time total deviation',
    unit: 's',
    prepare: plain(ttotdev),
    ...OF_MODIFIED_TOTAL,
  },
  htotdev: {
    title: 'Hadamard total deviation',
    unit: 'ratio',
    points: HADAMARD_TOTAL.points,
    prepare: ofSpan(HADAMARD_TOTAL),
    ...spans(HADAMARD_TOTAL),
    expects: OVERLAPPING_HADAMARD.expects,
    bias: hadamardTotalBias,
    expectedBias: hadamardTotalExpectation,
  },
  theo1: {
    title: 'Theo1',
    unit: 'ratio',
    points: theo1Points,
    prepare: plain(theo1),
    lacks: theo1Lacks,
    averaging: theo1Time,
    ...spans(THEO1),
    expects: spanExpects(THEO1, OVERLAPPING_ALLAN),
  },
  theobr: {
    title: 'Theo1 without its bias',
    unit: 'ratio',
    points: theo1Points,
    prepare: theobrOf,
    lacks: theo1Lacks,
    withGaps: NO_BIAS,
    averaging: theo1Time,
    edf: theobrEdf,
    expects: theobrExpects,
  },
  theoh: {
    title: 'Allan deviation, Theo1 without its bias at long averaging times',
    unit: 'ratio',
    points: (m) => Math.max(3, m + 1),
    prepare: theohOf,
    lacks: (m, points) => (theohIsAllan(m, points) ? null : theo1Lacks(m)),
    withGaps: NO_BIAS,
    averaging: (m, points) => (theohIsAllan(m, points) ? m : theo1Time(m)),
    edf: (series, m, mixture) =>
      (theohIsAllan(m, series.phase.length) ? OVERLAPPING_ALLAN.edf : theobrEdf)(series, m, mixture),
    expects: (m, alpha, points) =>
      (theohIsAllan(m, points) ? OVERLAPPING_ALLAN.expects : theobrExpects)(m, alpha, points),
  },
  pdev: {
    title: 'parabolic deviation',
    unit: 'ratio',
    points: PARABOLIC.points,
    prepare: ofSpan(PARABOLIC),
    modified: true,
    ...spans(PARABOLIC),
    expects: spanExpects(PARABOLIC, OVERLAPPING_MODIFIED),
  },
  mtie: {
    title: 'maximum time-interval error',
    unit: 's',
    points: (m) => m + 1,
    prepare: mtieOf,
    edf: none,
    interval: 'none',
  },
  tierms: {
    title: 'RMS time-interval error',
    unit: 's',
    points: (m) => m + 1,
    prepare: plain(tierms),
    edf: none,
    interval: 'none',
  },
} as const satisfies Record<string, Estimator>;

/** The short name of an estimator, as in the field. */
export type EstimatorName = keyof typeof ESTIMATORS;

/** All of them, in order. */
export const ESTIMATOR_NAMES = Object.keys(ESTIMATORS) as EstimatorName[];
