import type { Control } from '../../clock/control.ts';
import { policies } from '../../lapic/policies.ts';
import type { Costs } from '../../lapic/virtual-host.ts';
import type { StopRow } from '../../schema/stop.ts';
import { quantile, sorted } from '../../statistics.ts';
import type { OneStop, StopRun } from './one-stop.ts';
import type { StopOptions } from './options.ts';

/** One row to measure. */
type Cell = Pick<OneStop, 'policy' | 'periodNs' | 'stopNs'>;

/** How long a row may be followed, ns. @param cutBefore a shorter stop of the same policy and period was cut or locked up. */
type LimitOf = (cell: Cell, cutBefore: boolean) => bigint;

/** Every combination, short stops first: what a user waits for last is what takes longest. */
export function cellsOf({ policies, periodsNs, stopsNs }: StopOptions): Cell[] {
  const ascending = [...stopsNs].sort((a, b) => (a < b ? -1 : 1));
  return ascending.flatMap((stopNs) =>
    periodsNs.flatMap((periodNs) => policies.map((policy) => ({ policy, periodNs, stopNs }))),
  );
}

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
export const budgetLimit =
  (budgetNs: number, watchdogNs: bigint, posted: boolean, now: () => number): LimitOf =>
  (cell, cutBefore) => {
    const wanted = cutBefore ? AGAIN_NS : watched(cell, posted) ? Number(watchdogNs) : SOFT_NS;
    const most = Math.max(LEAST_NS, ((budgetNs - now()) * 2) / 3);
    return BigInt(Math.round(Math.min(wanted, most)));
  };

/** In virtual time: everything up to the watchdog, and a fixed number of steps where there is none. */
export const simulatedLimit =
  (watchdogNs: bigint, posted: boolean, { callbackNs, exitNs }: Costs): LimitOf =>
  (cell) => {
    if (watched(cell, posted)) return watchdogNs;
    // What a guest does with an interrupt takes as long as a callback.
    return SIMULATED_STEPS * (policies[cell.policy].reinjects ? callbackNs : exitNs);
  };

/** A row is repeated for as long as that takes no more steps (callbacks, exits, interrupts) than this in all. */
const MOST_STEPS = 1_000_000;

/** Successive multiples of this, modulo one, fill a period evenly however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_894_8;

/** The phase at which the guest is left in the nth run; half a period in the first one. */
const phaseOf = (run: number): number => (0.5 + run * GOLDEN_RATIO) % 1;

const overRuns = (values: readonly number[]): StopRow['recovery'] => {
  const ascending = sorted(values);
  const [minNs = 0, p50Ns = 0, p99Ns = 0, maxNs = 0] = [0, 0.5, 0.99, 1].map((share) =>
    quantile(ascending, share),
  );
  return { minNs, p50Ns, p99Ns, maxNs };
};

/**
 * Runs one stop again and again, each time from another phase.
 *
 * @param repeat how often; less where one run takes many steps or is cut.
 * @returns the run with the median recovery, and the spread of all; null where the first run was interrupted.
 */
function measureRow(repeat: number, run: (phase: number) => StopRun | null): StopRow | null {
  const first = run(phaseOf(0));
  if (first === null) return null;
  const runs = [first];
  const steps = 1 + first.callbacks + first.vmExits + first.interrupts;
  const most = first.ended === 'caught-up' ? Math.min(repeat, Math.floor(MOST_STEPS / steps)) : 1;
  while (runs.length < most) {
    const next = run(phaseOf(runs.length));
    if (next === null) break;
    runs.push(next);
  }
  const ordered = [...runs].sort((a, b) => a.recoveryNs - b.recoveryNs);
  return {
    ...(ordered[(runs.length - 1) >> 1] ?? first),
    runs: runs.length,
    phaseShift: overRuns(runs.map((each) => each.phaseShiftNs)),
    recovery: overRuns(runs.map((each) => each.recoveryNs)),
  };
}

/** Measures one stop of a cell. @param look as in `RecoveryLog`. */
export type RunCell = (
  cell: Cell,
  limitNs: bigint,
  phase: number,
  look: (elapsedNs: number) => boolean,
) => StopRun | null;

/** Measures every cell; the rows so far, in the order of the options, where `control` is cancelled. */
export function measureRows(
  options: StopOptions,
  limitOf: LimitOf,
  runCell: RunCell,
  control: Control,
): StopRow[] {
  const cells = cellsOf(options);
  const cut = new Set<string>();
  const rows: StopRow[] = [];
  for (const cell of cells) {
    if (control.cancelled()) break;
    const series = `${cell.policy} ${cell.periodNs}`;
    const limitNs = limitOf(cell, cut.has(series));
    const look = (elapsedNs: number) => {
      control.progress(rows.length + Math.min(1, elapsedNs / Number(limitNs)), cells.length);
      return control.cancelled();
    };
    const row = measureRow(options.repeat, (phase) => runCell(cell, limitNs, phase, look));
    if (row === null) break;
    if (row.ended !== 'caught-up') cut.add(series);
    rows.push(row);
    control.progress(rows.length, cells.length);
  }
  const periods = options.periodsNs.map(Number);
  const rank = ({ policy, periodNs }: StopRow) =>
    options.policies.indexOf(policy) * periods.length + periods.indexOf(periodNs);
  return rows.sort((a, b) => rank(a) - rank(b) || a.stopNs - b.stopNs);
}
