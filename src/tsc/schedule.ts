import type { Control } from '../clock/control.ts';
import type { ClockName } from '../host/clocks.ts';
import { NS_PER_MS } from '../units.ts';
import { BracketLog } from './bracket.ts';
import { type BracketSource, ROW } from './source.ts';

/** Rows in a batch: enough that several are undisturbed, few enough to take microseconds. */
const BATCH = 16;

/** Up to this duration batches are taken without a pause: sleeping costs more than it saves. */
const CONTINUOUS_NS = 20 * NS_PER_MS;

/** Time at each end in which batches are taken without a pause: the ends carry most of a slope. */
const END_NS = 2 * NS_PER_MS;

/** Mean pause between batches in the middle; longer runs stretch it to take about this many batches. */
const PAUSE_NS = 2 * NS_PER_MS;
const MIDDLE_BATCHES = 4096;

/** Batches taken before the first that counts: they warm the caches and the branch predictors. */
const WARM_UP = 4;

/** The addon's waits end after this, so that a stop is noticed. */
const LONGEST_WAIT_NS = 100 * NS_PER_MS;

/** What is to be taken, and from where. */
export interface Plan {
  readonly clock: ClockName;
  readonly durationNs: number;
}

/** The pause after a batch taken `elapsedNs` into a run; 0 near the ends. */
export function pauseAt(elapsedNs: number, durationNs: number, random: () => number): number {
  if (durationNs <= CONTINUOUS_NS || elapsedNs < END_NS) return 0;
  const untilEnd = durationNs - END_NS - elapsedNs;
  const mean = Math.max(PAUSE_NS, durationNs / MIDDLE_BATCHES);
  // Uniform between half and one and a half of the mean, so that no periodic disturbance is met each time.
  return Math.max(0, Math.min(untilEnd, mean * (0.5 + random())));
}

/**
 * Takes batches for the plan's duration, by the measured clock itself.
 *
 * @param between called after each batch, outside of any timed section.
 */
export function takeBrackets(
  plan: Plan,
  source: BracketSource,
  control: Control,
  between: (elapsedNs: number) => void = () => {},
): BracketLog {
  const log = new BracketLog();
  const rows = new BigInt64Array(BATCH * ROW);
  for (let i = 0; i < WARM_UP; i++) source.readBrackets(plan.clock, rows);
  const start = rows[1] as bigint;
  for (;;) {
    source.readBrackets(plan.clock, rows);
    log.add(rows);
    const elapsedNs = Number((rows[1] as bigint) - start);
    between(elapsedNs);
    if (elapsedNs >= plan.durationNs || control.stopRequested()) return log;
    const pause = pauseAt(elapsedNs, plan.durationNs, Math.random);
    if (pause > 0) control.progress(elapsedNs, plan.durationNs);
    for (let left = pause; left > 0 && !control.stopRequested(); left -= LONGEST_WAIT_NS) {
      source.wait(Math.min(left, LONGEST_WAIT_NS));
    }
  }
}
