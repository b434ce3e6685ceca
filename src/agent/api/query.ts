import { usageError } from '../../errors.ts';
import { HOUR_NS } from '../../store/buckets.ts';
import { wholeStep } from '../../store/range.ts';
import { parseDuration } from '../../units.ts';
import type { TimeRange } from '../storing/messages.ts';

/** Steps of a query that names none, at most: a plot shows no more. */
const STEPS = 600;
/** Most steps of a query: an answer of a few hundred kilobytes. */
export const MOST_STEPS = 5_000n;
/** 1970 to 2100, s: a time outside is a mistake (milliseconds, most often). */
const LATEST_S = 4_102_444_800;

/** Steps that people like and that roll-ups of minutes and hours fit into, s. */
const ROUND_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_200, 1_800];

/** The shortest round step that makes at most 600 steps of a range. */
function roundStep(lengthNs: bigint): bigint {
  const least = Number(lengthNs) / 1e9 / STEPS;
  const round = ROUND_STEPS.find((step) => step >= least);
  if (least < 0.5) return BigInt(Math.ceil(least * 1e3)) * 1_000_000n;
  return round === undefined ? BigInt(Math.ceil(least / 3_600)) * HOUR_NS : BigInt(round) * 1_000_000_000n;
}

/**
 * Refuses parameters that no one reads, and those given twice.
 *
 * @throws TscopeError USAGE.
 */
export function onlyParameters(query: URLSearchParams, ...names: string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      const accepted = names.length === 0 ? 'there are none here' : `there are ${names.join(', ')}`;
      throw usageError(`there is no parameter '${name.slice(0, 40)}'; ${accepted}.`);
    }
    if (query.getAll(name).length > 1) throw usageError(`${name}: give it once.`);
  }
}

/** Points of a record that stability is taken of, at most: milliseconds for each pair. */
const RECORD_POINTS = 2_000n;

/** The shortest step that makes no more than 2,000 points of a range: the sampling interval, doubled until it does. */
export function recordStep({ fromNs, toNs }: TimeRange, intervalNs: bigint): bigint {
  let step = intervalNs;
  while ((toNs - fromNs) / step > RECORD_POINTS) step *= 2n;
  return wholeStep(step);
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** ms since the epoch; NaN for a day that no month has, which `Date` takes for one of the next month. */
function timeOfRfc3339(text: string): number {
  const day = RFC3339.exec(text)?.[1] ?? '';
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(text);
}

/** A time as Prometheus takes it: Unix seconds or RFC 3339. */
function timeOf(name: string, text: string): bigint {
  const seconds = /^\d{1,12}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  const ms = Number.isNaN(seconds) ? timeOfRfc3339(text) : seconds * 1000;
  if (ms >= 0 && ms <= LATEST_S * 1000) return BigInt(Math.round(ms * 1e3)) * 1000n;
  throw usageError(
    `${name}: '${text.slice(0, 40)}' is not a time; give Unix seconds or RFC 3339, as in 2026-01-31T23:59:59Z.`,
  );
}

/**
 * `from` and `to`; without them the last hour.
 *
 * @throws TscopeError USAGE.
 */
export function timeRange(query: URLSearchParams, nowMs = Date.now()): TimeRange {
  const [from, to] = [query.get('from'), query.get('to')];
  const toNs = to === null ? BigInt(Math.ceil(nowMs)) * 1_000_000n : timeOf('to', to);
  const fromNs = from === null ? toNs - HOUR_NS : timeOf('from', from);
  if (fromNs >= toNs) throw usageError('from: must be earlier than to.');
  return { fromNs, toNs };
}

/**
 * `step`, a duration; without it a round one that makes at most 600 steps.
 *
 * @returns the step that the store answers with.
 * @throws TscopeError USAGE.
 */
export function stepOf(query: URLSearchParams, { fromNs, toNs }: TimeRange): bigint {
  const text = query.get('step');
  const lengthNs = toNs - fromNs;
  const step = text === null ? roundStep(lengthNs) : parseDuration(text.slice(0, 40), 'step');
  const whole = wholeStep(step < 1_000_000n ? 1_000_000n : step);
  if (lengthNs / whole > MOST_STEPS) {
    throw usageError(`step: ${text} makes more than ${MOST_STEPS} steps of that range; give a longer one.`);
  }
  return whole;
}
