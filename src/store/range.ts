import { usageError } from '../errors.ts';
import { earlier, floorTo, HOUR_NS, joined, later, MINUTE_NS, rateOf, type Summary } from './buckets.ts';
import { asBigint, asCount, asReal, orNull } from './cells.ts';
import type { Connection } from './connection.ts';
import type { Store } from './store.ts';

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
}

/** More steps than this are a mistake, or a job for the export. */
export const MOST_STEPS = 20_000n;

// One call for each step: the way through JavaScript costs more than the rows of a minute.
const SAMPLES = `
WITH g AS (
  SELECT count(*) AS n, min(offset) AS low, max(offset) AS high, avg(offset) AS mean, min(at) AS a, max(at) AS z
  FROM sample WHERE series = ?1 AND at >= ?2 AND at < ?3)
SELECT n, low, high, mean,
  a, (SELECT offset FROM sample WHERE series = ?1 AND at = a),
  z, (SELECT offset FROM sample WHERE series = ?1 AND at = z)
FROM g WHERE n > 0`;

const ROLLUPS = `
WITH g AS (
  SELECT sum(count) AS n, min(min) AS low, max(max) AS high, sum(mean * count) / sum(count) AS mean, min(at) AS a,
    max(at) AS z
  FROM rollup WHERE series = ?1 AND width = ?4 AND at >= ?2 AND at < ?3)
SELECT n, low, high, g.mean, f.first_at, f.first, l.last_at, l.last
FROM g
JOIN rollup f ON f.series = ?1 AND f.width = ?4 AND f.at = a
JOIN rollup l ON l.series = ?1 AND l.width = ?4 AND l.at = z`;

/** The samples, or with a `width` the roll-ups, that start in [from, to); null where there is none. */
function summary(
  connection: Connection,
  series: bigint,
  width: bigint | null,
  from: bigint,
  to: bigint,
): Summary | null {
  if (from >= to) return null;
  const row =
    width === null
      ? connection.get(SAMPLES, series, from, to)
      : connection.get(ROLLUPS, series, from, to, width);
  if (row === null) return null;
  return {
    count: asCount(row[0]),
    minNs: asReal(row[1]),
    maxNs: asReal(row[2]),
    meanNs: asReal(row[3]),
    firstAtNs: asBigint(row[4]),
    firstNs: asReal(row[5]),
    lastAtNs: asBigint(row[6]),
    lastNs: asReal(row[7]),
  };
}

/** From when on each kind of row is the one to use: hours before `minutes`, minutes before `samples`. */
interface Tiers {
  readonly minutes: bigint;
  readonly samples: bigint;
}

const BEFORE_ALL = -(2n ** 62n);

/**
 * Minutes and hours stand in for samples where they fit whole into the steps and are finished, and where retention has
 * left nothing else.
 */
function tiersOf(connection: Connection, series: bigint, step: bigint): Tiers {
  const time = (sql: string) => orNull(asBigint)(connection.get(sql, series)?.[0] ?? null);
  const rolled = time('SELECT rolled_at FROM series WHERE id = ?');
  if (rolled === null) return { minutes: BEFORE_ALL, samples: BEFORE_ALL };
  const start = (oldest: bigint | null, width: bigint) => {
    if (oldest === null) return rolled + 1n;
    const finished = step % width === 0n ? floorTo(rolled, width) : BEFORE_ALL;
    return later(finished, floorTo(oldest, width));
  };
  const samples = start(time('SELECT min(at) FROM sample WHERE series = ?'), MINUTE_NS);
  const minutes = start(
    time(`SELECT min(at) FROM rollup WHERE series = ? AND width = ${MINUTE_NS}`),
    HOUR_NS,
  );
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
  { connection }: Store,
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
  const tiers = tiersOf(connection, id, step);
  const points: RangePoint[] = [];
  for (let at = floorTo(fromNs, step); at < toNs; at += step) {
    const end = at + step;
    const parts = [
      summary(connection, id, HOUR_NS, at, earlier(end, tiers.minutes)),
      summary(connection, id, MINUTE_NS, later(at, tiers.minutes), earlier(end, tiers.samples)),
      summary(connection, id, null, later(at, tiers.samples), end),
    ].filter((part) => part !== null);
    if (parts.length === 0) continue;
    const whole = parts.reduce(joined);
    const { count, minNs, maxNs, meanNs } = whole;
    points.push({ atNs: at, count, minNs, maxNs, meanNs, rateRatio: rateOf(whole) });
  }
  return points;
}
