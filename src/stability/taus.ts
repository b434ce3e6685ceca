import { usageError } from '../errors.ts';

/** Which averaging times: a rule, or a list of times in seconds. */
export type TauChoice = 'octave' | 'decade' | 'all' | readonly number[];

/** The share of tau0 by which a listed time may miss a multiple of tau0: the rounding of a few decimals. */
const TOLERANCE = 1e-6;

function factorOf(tau: number, tau0: number): number {
  const factor = Math.round(tau / tau0);
  if (factor < 1 || Math.abs(tau / tau0 - factor) > TOLERANCE * factor) {
    throw usageError(`\`taus\`: ${tau} s is not a multiple of tau0, which is ${tau0} s.`);
  }
  return factor;
}

/** 1, 2, 4, 10, 20, 40, 100 ... as Stable32's decade run. */
const decade = (index: number): number => ([1, 2, 4][index % 3] as number) * 10 ** Math.floor(index / 3);

/** What `next(0), next(1) ...` gives up to `largest`. */
function upTo(largest: number, next: (index: number) => number): number[] {
  const factors: number[] = [];
  for (let index = 0; next(index) <= largest; index += 1) factors.push(next(index));
  return factors;
}

/**
 * The averaging factors m = tau / tau0, ascending.
 *
 * @param largest the largest factor that the rules may give; a list is taken as it is.
 * @throws TscopeError USAGE where a listed time is not a multiple of tau0.
 */
export function averagingFactors(choice: TauChoice, tau0: number, largest: number): number[] {
  if (choice === 'octave') return upTo(largest, (index) => 2 ** index);
  if (choice === 'decade') return upTo(largest, decade);
  if (choice === 'all') return upTo(largest, (index) => index + 1);
  return [...new Set(choice.map((tau) => factorOf(tau, tau0)))].sort((a, b) => a - b);
}
