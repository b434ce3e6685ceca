import { usageError } from '../errors.ts';
import {
  BEFORE_ALL,
  bucketsOf,
  earlier,
  floorTo,
  HOUR_NS,
  joined,
  later,
  MINUTE_NS,
  rateOf,
  type Summary,
} from './buckets.ts';
import { asBigint, orNull } from './cells.ts';
import { readRollups } from './rollups.ts';
import { oldestSample, readSamples } from './samples.ts';
import { rolledAt } from './series.ts';
import type { Store } from './store-on.ts';

/** One step of a range query. */
export interface RangePoint {
  /** Start of the step, ns since the epoch: a multiple of the step. */
  readonly atNs: bigint;
  readonly count: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  /** The clock's rate against the reference, less 1, within the step; null where it holds one sample. */
  readonly rateRatio: number | null;
  /** The step's first sample. */
  readonly firstAtNs: bigint;
  readonly firstNs: number;
}

/** More steps than this are a mistake, or a job for the export. */
export const MOST_STEPS = 20_000n;

/** From when on each kind of row is the one to use: hours before `minutes`, minutes before `samples`. */
interface Tiers {
  readonly minutes: bigint;
  readonly samples: bigint;
}

/**
 * Minutes and hours stand in for samples where they fit whole into the steps and are finished, and where retention has
 * left nothing else.
 */
function tiersOf(store: Store, series: bigint, step: bigint): Tiers {
  const rolled = rolledAt(store, series);
  if (rolled === null) return { minutes: BEFORE_ALL, samples: BEFORE_ALL };
  const start = (oldest: bigint | null, width: bigint) => {
    if (oldest === null) return rolled + 1n;
    const finished = step % width === 0n ? floorTo(rolled, width) : BEFORE_ALL;
    return later(finished, floorTo(oldest, width));
  };
  const samples = start(oldestSample(store, series), MINUTE_NS);
  const oldestMinute = `SELECT min(at) FROM rollup WHERE series = ? AND width = ${MINUTE_NS}`;
  const minutes = start(orNull(asBigint)(store.connection.value(oldestMinute, series)), HOUR_NS);
  return { samples, minutes: earlier(minutes, samples) };
}

/** The step that `queryRange` answers with: whole minutes from a minute on, so that roll-ups fit into it. */
export const wholeStep = (stepNs: bigint): bigint =>
  stepNs < MINUTE_NS ? stepNs : ((stepNs + MINUTE_NS - 1n) / MINUTE_NS) * MINUTE_NS;

/**
 * A series in [fromNs, toNs), summarised step by step; steps without samples are left out. Where the samples are gone
 * and the step is shorter than what is left, each roll-up stands in the step in which it starts.
 *
 * @param stepNs above 0; from a minute on it is rounded up to whole minutes.
 * @throws TscopeError USAGE for more than 20,000 steps.
 */
export function queryRange(
  store: Store,
  series: number,
  fromNs: bigint,
  toNs: bigint,
  stepNs: bigint,
): RangePoint[] {
  const step = wholeStep(stepNs);
  if (step <= 0n || (toNs - fromNs) / step > MOST_STEPS) {
    throw usageError(
      `step: ${stepNs} ns over ${toNs - fromNs} ns makes more than ${MOST_STEPS} points.`,
      'Use a longer step.',
    );
  }
  const id = BigInt(series);
  const tiers = tiersOf(store, id, step);
  const start = floorTo(fromNs, step);
  const stop = toNs > start ? floorTo(toNs - 1n, step) + step : start;
  const points = new Map<bigint, Summary>();
  const add = (atNs: bigint, part: Summary) => {
    const at = floorTo(atNs, step);
    const known = points.get(at);
    points.set(at, known === undefined ? part : joined(known, part));
  };
  const { minutes, samples } = tiers;
  for (const hour of readRollups(store, id, HOUR_NS, start, earlier(stop, minutes))) add(hour.atNs, hour);
  for (const minute of readRollups(store, id, MINUTE_NS, later(start, minutes), earlier(stop, samples))) {
    add(minute.atNs, minute);
  }
  for (const rows of readSamples(store, id, later(start, samples), stop)) {
    for (const [atNs, part] of bucketsOf(rows, step)) add(atNs, part);
  }
  return Array.from(points, ([atNs, whole]) => {
    const { count, minNs, maxNs, meanNs, firstAtNs, firstNs } = whole;
    return { atNs, count, minNs, maxNs, meanNs, rateRatio: rateOf(whole), firstAtNs, firstNs };
  });
}
