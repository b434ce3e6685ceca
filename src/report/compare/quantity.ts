import type { Compared } from '../../schema/compare.ts';

/** A figure with what is known of its noise. */
export interface Quantity {
  readonly part: Compared['part'];
  readonly name: string;
  readonly unit: Compared['unit'];
  readonly value: number;
  readonly noise: Noise;
}

/** How far a figure could be off. */
export type Noise =
  /** One standard error, in the figure's unit. */
  | { readonly kind: 'standard-error'; readonly error: number }
  /** An interval that holds it as surely as three standard errors would. */
  | { readonly kind: 'interval'; readonly low: number; readonly high: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Standard errors within which a difference is taken for noise. */
export const SIGMAS = 3;

/** The noise of a figure with a standard error, which may not be known. */
export const errorOf = (error: number | null): Noise =>
  error === null
    ? { kind: 'unknown', reason: 'it has no standard error' }
    : { kind: 'standard-error', error };

export const unknown = (reason: string): Noise => ({ kind: 'unknown', reason });

/** How far below and above its value a figure could be. */
function reach({ value, noise }: Quantity): readonly [below: number, above: number] {
  if (noise.kind === 'standard-error') return [SIGMAS * noise.error, SIGMAS * noise.error];
  if (noise.kind === 'interval') return [value - noise.low, noise.high - value];
  return [Number.NaN, Number.NaN];
}

/**
 * Judges one figure of two runs. The interval of the difference takes both as independent: their reaches add up in
 * squares.
 */
export function compareQuantities(a: Quantity, b: Quantity): Compared {
  const scale = a.unit === 'hz' ? a.value : 1;
  const difference = (b.value - a.value) / scale;
  const row = { part: a.part, quantity: a.name, unit: a.unit, a: a.value, b: b.value, difference };
  const reason =
    a.noise.kind === 'unknown' ? a.noise.reason : b.noise.kind === 'unknown' ? b.noise.reason : null;
  if (reason !== null) {
    return { ...row, differenceLow: null, differenceHigh: null, judgement: 'not-judged', reason };
  }
  const [belowA, aboveA] = reach(a);
  const [belowB, aboveB] = reach(b);
  const differenceLow = difference - Math.hypot(belowB, aboveA) / scale;
  const differenceHigh = difference + Math.hypot(aboveB, belowA) / scale;
  const judgement = differenceLow > 0 || differenceHigh < 0 ? 'changed' : 'within-noise';
  return { ...row, differenceLow, differenceHigh, judgement, reason: null };
}
