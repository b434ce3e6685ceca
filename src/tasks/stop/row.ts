import type { StopRow } from '../../schema/stop.ts';
import type { StopRun } from './run-stop.ts';

/** A row is repeated for as long as that takes no more steps (callbacks, exits, interrupts) than this in all. */
const MOST_STEPS = 1_000_000;

/** Successive multiples of this, modulo one, fill a period evenly however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_894_8;

/** The phase at which the guest is left in the nth run; half a period in the first one. */
const phaseOf = (run: number): number => (0.5 + run * GOLDEN_RATIO) % 1;

const overRuns = (values: readonly number[]): StopRow['recovery'] => {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { minNs: at(0), p50Ns: at(0.5), p99Ns: at(0.99), maxNs: at(1) };
};

/**
 * Runs one stop again and again, each time from another phase.
 *
 * @param repeat how often; less where one run takes many steps or is cut.
 * @returns the run with the median recovery, and the spread of all; null where the first run was interrupted.
 */
export function measureRow(repeat: number, run: (phase: number) => StopRun | null): StopRow | null {
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
