/**
 * The Allan family: deviations of a phase or frequency record at many averaging times, with the noise behind them and
 * their intervals (Greenhall and Riley).
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
export { ESTIMATOR_NAMES, type EstimatorName } from '../stability/estimators.ts';
export { frequencySeries, phaseSeries, type Series } from '../stability/series.ts';
export type { TauChoice } from '../stability/taus.ts';
