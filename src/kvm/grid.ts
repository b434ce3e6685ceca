import { direction, folded } from '../circle.ts';
import type { KvmRunning } from '../schema/kvm.ts';
import { mean, quantile, sorted } from '../statistics.ts';

/** Where in the period events fall, as a mean on the circle of one period. */
export interface Phase {
  /** 0 up to the period, ns. */
  readonly meanNs: number;
  /** Standard error of the mean, ns. */
  readonly errorNs: number;
  readonly count: number;
}

/** `ns` modulo the period, from 0 up. */
export const modulo = (ns: number, periodNs: number): number => ((ns % periodNs) + periodNs) % periodNs;

/** The mean direction of events: lateness that reaches into the next period does no harm. */
export function phaseOf(timesNs: readonly number[], periodNs: number): Phase {
  const count = timesNs.length;
  const { mean, length } = direction(
    timesNs.map((time) => modulo(time, periodNs)),
    periodNs,
  );
  const errorTurns = Math.sqrt((-2 * Math.log(Math.min(1, length))) / count) / (2 * Math.PI);
  return { meanNs: modulo(mean, periodNs), errorNs: errorTurns * periodNs, count };
}

/** How far each time lies after the latest point of the grid, ns. */
export const latenessOn = (timesNs: readonly number[], gridNs: number, periodNs: number): number[] =>
  timesNs.map((time) => modulo(time - gridNs, periodNs));

/** The point of the grid that each time belongs to, counted from `gridNs`. */
export const ticksOn = (timesNs: readonly number[], gridNs: number, periodNs: number): number[] =>
  timesNs.map((time) => Math.floor((time - gridNs) / periodNs));

/** What a set of lateness values looked like. */
export function latenessOf(values: readonly number[]): KvmRunning['latenessNs'] {
  const ascending = sorted(values);
  return {
    minNs: quantile(ascending, 0),
    meanNs: mean(values),
    p50Ns: quantile(ascending, 0.5),
    p90Ns: quantile(ascending, 0.9),
    p99Ns: quantile(ascending, 0.99),
    maxNs: quantile(ascending, 1),
  };
}

/** The old grid and a new one must be this far apart, in periods, to be told apart. */
const LEAST_DISTANCE = 1 / 4;

/**
 * Which grid interrupts are on that moved by `shiftNs`: the old one, the new one, which lies `newGridNs` later, or
 * another. `one` where the two are too near to one another.
 *
 * @param near a shift belongs to a grid that is nearer than this share of the distance between the two.
 */
export function gridOf(
  shiftNs: number,
  newGridNs: number,
  periodNs: number,
  near: number,
): 'old' | 'new' | 'other' | 'one' {
  const distance = Math.abs(folded(newGridNs, periodNs));
  if (distance < LEAST_DISTANCE * periodNs) return 'one';
  const isNear = (ns: number) => Math.abs(folded(ns, periodNs)) < near * distance;
  if (isNear(shiftNs)) return 'old';
  return isNear(shiftNs - newGridNs) ? 'new' : 'other';
}
