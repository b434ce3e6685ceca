import { policies } from '../../lapic/policies.ts';
import type { Cell, Limits } from './matrix.ts';
import type { Simulation } from './options.ts';

/** Once a stop has been cut, longer ones of the same series are followed for this long only: their pace is known. */
const AGAIN_NS = 250_000_000;
/** A recovery outside the interrupt (`independent`, `reinject`) has no watchdog; this much shows its pace. */
const SOFT_NS = 1_000_000_000;
/** Every row gets this much, however little is left. */
const LEAST_NS = 10_000_000;

/** Steps in virtual time after which a recovery without a watchdog is cut. */
const SIMULATED_STEPS = 1_000_000n;

/** Whether the policy recovers in the hrtimer interrupt, where the watchdog bounds it. */
const watched = ({ policy }: Cell, posted: boolean): boolean =>
  policy === 'catch-up' || (posted && policy === 'independent');

/**
 * Shares out a time budget on real clocks: a row gets what it needs to reach the watchdog, or a second where there is
 * none, but never more than two thirds of what is left.
 *
 * @param now ns since the budget began.
 */
export function budgetLimits(
  budgetNs: number,
  watchdogNs: bigint,
  posted: boolean,
  now: () => number,
): Limits {
  return {
    limitNs(cell, cutBefore) {
      const wanted = cutBefore ? AGAIN_NS : watched(cell, posted) ? Number(watchdogNs) : SOFT_NS;
      const most = Math.max(LEAST_NS, ((budgetNs - now()) * 2) / 3);
      return BigInt(Math.round(Math.min(wanted, most)));
    },
  };
}

/** In virtual time: everything up to the watchdog, and a fixed number of steps where there is none. */
export function simulatedLimits(
  watchdogNs: bigint,
  posted: boolean,
  { callbackNs, exitNs }: Simulation,
): Limits {
  return {
    limitNs: (cell) => {
      if (watched(cell, posted)) return watchdogNs;
      // What a guest does with an interrupt takes as long as a callback.
      return SIMULATED_STEPS * (policies[cell.policy].reinjects ? callbackNs : exitNs);
    },
  };
}
