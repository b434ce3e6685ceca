import { quietControl } from '../../clock/control.ts';
import type { DriftPair } from '../../schema/drift.ts';
import { analyseStability, type StabilityPoint } from '../../stability/analyse.ts';
import type { EstimatorName } from '../../stability/estimators.ts';
import { phaseSeries } from '../../stability/series.ts';
import { sorted } from '../../statistics.ts';
import { fittedRate, known, type Points, type Rate } from './rate.ts';

const ESTIMATORS = ['adev', 'oadev', 'mdev', 'tdev', 'hdev'] as const satisfies readonly EstimatorName[];

/** Points of the time error that a document carries. */
const DRAWN = 400;

/** What the phase of a pair says by itself. */
type PhaseFigures = Omit<
  DriftPair,
  'clock' | 'reference' | 'independent' | 'independentReason' | 'rejected' | 'events'
>;

/**
 * First point to last, best where the noise is in the frequency; the longest averaging time's deviation is the
 * standard error, as nothing is averaged out.
 */
function endPoints({ t, x }: Points, points: readonly StabilityPoint[]): Rate {
  const elapsed = (t.at(-1) ?? 0) - (t[0] ?? 0);
  const deviations = points
    .map((point) => point.statistics.get('oadev')?.value)
    .filter((value) => value != null);
  return {
    rateRatio: ((x.at(-1) ?? 0) - (x[0] ?? 0)) / elapsed,
    rateStandardError: deviations.at(-1) ?? null,
  };
}

/** Noise exponents from here up are phase noise. */
const PHASE_NOISE = 0.5;

function rateOf(points: Points, stability: readonly StabilityPoint[]): Rate {
  const alpha = stability[0]?.alpha ?? null;
  return alpha === null || alpha >= PHASE_NOISE ? fittedRate(points) : endPoints(points, stability);
}

function stabilityRow(point: StabilityPoint): DriftPair['stability'][number] {
  const value = (name: EstimatorName): number | null => point.statistics.get(name)?.value ?? null;
  const tdev = value('tdev');
  return {
    tauNs: point.tau * 1e9,
    adev: value('adev'),
    oadev: value('oadev'),
    mdev: value('mdev'),
    tdevNs: tdev === null ? null : tdev * 1e9,
    hdev: value('hdev'),
    n: point.statistics.get('oadev')?.n ?? 0,
    oadevLow: point.statistics.get('oadev')?.low ?? null,
    oadevHigh: point.statistics.get('oadev')?.high ?? null,
  };
}

function stabilityPoints(phase: Float64Array, intervalNs: number, breaks: readonly number[]) {
  const series = phaseSeries(
    phase.map((ns) => ns * 1e-9),
    intervalNs * 1e-9,
    breaks,
  );
  const options = { estimators: ESTIMATORS, taus: 'octave', confidence: 0.95 } as const;
  return analyseStability(series, options, quietControl);
}

/** The deviations of a phase on a regular grid; parameters as `analysePhase`. */
export const stabilityOfPhase = (
  phase: Float64Array,
  intervalNs: number,
  breaks: readonly number[],
): DriftPair['stability'] => stabilityPoints(phase, intervalNs, breaks).map(stabilityRow);

/** About `DRAWN` points of the record, evenly spaced, the last one included. */
function thinned({ t, x }: Points): [number, number][] {
  const stride = Math.max(1, Math.ceil(t.length / DRAWN));
  const drawn: [number, number][] = [];
  for (let i = (t.length - 1) % stride; i < t.length; i += stride)
    drawn.push([t[i] as number, x[i] as number]);
  return drawn;
}

/**
 * Rate, time error and stability of one pair.
 *
 * @param phase ns on a regular grid, steps taken out, NaN where a point is missing.
 * @param breaks the points that come first after a step, by their index.
 * @param bounds how far each point may be off, ns; none: that is not known.
 */
export function analysePhase(
  phase: Float64Array,
  intervalNs: number,
  breaks: readonly number[] = [],
  bounds?: Float64Array,
): PhaseFigures {
  const points = known(phase, intervalNs, bounds);
  const stability = stabilityPoints(phase, intervalNs, breaks);
  const { x } = points;
  const ascending = sorted(x);
  return {
    samples: x.length,
    ...rateOf(points, stability),
    atEndNs: x.length > 1 ? (x.at(-1) ?? 0) - (x[0] ?? 0) : null,
    maxTimeIntervalErrorNs: x.length > 1 ? (ascending.at(-1) ?? 0) - (ascending[0] ?? 0) : null,
    stability: stability.map(stabilityRow),
    timeError: thinned(points),
  };
}
