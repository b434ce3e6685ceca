/**
 * Frequency stability: the Allan and Hadamard families, total deviations, Theo1 and the parabolic deviation of a phase or
 * frequency record at many averaging times, with the noise behind them and their intervals; sliding windows, the
 * N-cornered hat and the spectrum.
 *
 * @module
 */
export type { Control } from '../clock/control.ts';
export {
  type AnalysisOptions,
  analyseStability,
  deviationInterval,
  type StabilityPoint,
  type Statistic,
} from '../stability/analyse.ts';
export { type DynamicWindow, dynamicStability } from '../stability/dynamic.ts';
export { ESTIMATOR_NAMES, type EstimatorName } from '../stability/estimators.ts';
export { corneredHat, type HatClock, type HatKind, type HatPoint } from '../stability/hat.ts';
export { identifyNoises, type NoiseModel } from '../stability/noise.ts';
export { frequencySeries, phaseSeries, type Series, wholeSeries } from '../stability/series.ts';
export { phaseSpectrum, type Spectrum } from '../stability/spectrum.ts';
export type { TauChoice } from '../stability/taus.ts';
