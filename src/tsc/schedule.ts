import { newRows } from '../clock/bracket-rows.ts';
import type { Control } from '../clock/control.ts';
import type { ClockName } from '../host/clocks.ts';
import { NS_PER_MS } from '../units.ts';
import { BracketLog } from './bracket.ts';
import { readClocks, readingsEveryNs } from './clock-readings.ts';
import type { BracketSource } from './source.ts';

/** Rows in a batch: enough that several are undisturbed, few enough to take microseconds. */
const BATCH = 16;

/** Batches in a run that is short enough to spin through, and at each end of a longer one. */
const SHORT_BATCHES = 1024;
const END_BATCHES = 256;

/** Up to this duration the whole run is sampled evenly: sleeping in it would cost more than it saves. */
const SHORT_NS = 20 * NS_PER_MS;

/** Time at each end that is sampled densely: the ends carry most of a slope. */
const END_NS = 2 * NS_PER_MS;

/** Mean pause between batches in the middle; a long run stretches it to take about `MIDDLE_BATCHES`. */
const PAUSE_NS = 2 * NS_PER_MS;
const MIDDLE_BATCHES = 4096;

/** Batches taken before the first that counts: they warm the caches and the branch predictors. */
const WARM_UP = 4;

/**
 * Batches taken after the time is over, without a pause. Where the thread was kept away until then, the first ones
 * are slow; without narrow brackets at its end a run is worth only what came before.
 */
const CLOSING = 32;

/** The addon's waits end after this, so that a cancellation is noticed. */
const LONGEST_WAIT_NS = 100 * NS_PER_MS;

/** What is to be taken, and from where. */
interface Schedule {
  readonly clock: ClockName;
  readonly durationNs: number;
}

/** How often progress is told: each telling wakes the thread that draws it. */
const PROGRESS_NS = 50 * NS_PER_MS;

/**
 * The pause after a batch `elapsedNs` into a run: about the spacing of that part of it, but between half and one
 * and a half of it by chance, so that no periodic disturbance is met each time.
 *
 * @param chance uniform in [0, 1).
 */
export function pauseAt(elapsedNs: number, durationNs: number, chance: number): number {
  const jitter = 0.5 + chance;
  if (durationNs <= SHORT_NS) return (durationNs / SHORT_BATCHES) * jitter;
  const untilEnd = durationNs - END_NS - elapsedNs;
  if (elapsedNs < END_NS || untilEnd <= 0) return (END_NS / END_BATCHES) * jitter;
  return Math.min(untilEnd, Math.max(PAUSE_NS, durationNs / MIDDLE_BATCHES) * jitter);
}

/** Takes batches for the plan's duration, as the measured clock counts it, and reads the other clocks now and then. */
export function record(plan: Schedule, source: BracketSource, control: Control) {
  const log = new BracketLog();
  const rows = newRows(BATCH);
  const take = () => {
    source.readBrackets(plan.clock, rows);
    log.add(rows);
  };
  const readings = [readClocks(source, 0)];
  for (let i = 0; i < WARM_UP; i++) source.readBrackets(plan.clock, rows);
  take();
  // Not before the first batch that counts: an interruption in between would end the run with nothing to span.
  const start = rows[1] as bigint;
  let told = 0;
  let readNext = readingsEveryNs(plan.durationNs);
  for (;;) {
    take();
    const elapsedNs = Number((rows[1] as bigint) - start);
    if (elapsedNs >= plan.durationNs || control.cancelled()) break;
    if (elapsedNs >= readNext) {
      readings.push(readClocks(source, log.batches));
      readNext = elapsedNs + readingsEveryNs(plan.durationNs);
    }
    if (elapsedNs - told >= PROGRESS_NS) {
      control.progress(elapsedNs, plan.durationNs);
      told = elapsedNs;
    }
    const pause = pauseAt(elapsedNs, plan.durationNs, source.random());
    for (let left = pause; left > 0 && !control.cancelled(); left -= LONGEST_WAIT_NS) {
      source.wait(Math.min(left, LONGEST_WAIT_NS));
    }
  }
  for (let i = 0; i < CLOSING; i++) take();
  readings.push(readClocks(source, log.batches));
  return { log, readings };
}
