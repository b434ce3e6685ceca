import { group } from 'd3-array';
import { median, studentQuantile } from '../../statistics.ts';
import { FLEET_FALSE_ALARM_RATIO } from './outliers.ts';
import { robustDegrees, robustDeviation } from './robust.ts';

/** A host's rate against disciplined time, hour by hour; NaN where an hour has none. All hosts' hours are the same ones. */
export interface HourlyRates {
  readonly host: number;
  /** Hosts of one site take their time from one place: what moves all of them is the reference. */
  readonly site: string;
  readonly rates: Float32Array;
}

/** A rate that changed and stayed so. */
export interface Move {
  /** Of one host, or, where it is null, of all hosts of the site alike: then their reference moved, not their crystals. */
  readonly host: number | null;
  readonly site: string;
  /** Index of the first hour at the new rate. */
  readonly hour: number;
  /** By how much, a ratio. */
  readonly change: number;
  /** By that much it has to change before it is told from what else happens. */
  readonly limit: number;
}

/** Hours before and after that a change must hold for: one wild hour is a step of the clock, not a change of its rate. */
const HOLDS_HOURS = 3;
/** Hours on each side that tell the course. */
const TREND_HOURS = 4;
/** So much of a change must be left after HOLDS_HOURS. */
const STAYS = 0.5;
/**
 * No smaller change is told, a ratio: between hours the rate of a crystal that swings by 1 ppm in a day bends by half of
 * 1 ppm times the cube of the day's angular speed an hour, 9e-9.
 */
export const LEAST_CHANGE = 20e-9;
/** A site of fewer hosts cannot tell its reference from its crystals. */
export const LEAST_SITE = 8;
/** A move is everybody's where it is this many times as large as the hosts' moves differ. */
const ALIKE = 3;
/** A shared day, its temperature or its load, moves a site's hosts too: the reference moves this many times more than usual. */
const UNUSUAL = 8;

const numbers = (values: Iterable<number>): number[] => [...values].filter((value) => !Number.isNaN(value));

interface Changes {
  /** For each hour, by how much the rate leaves the course that it was on; NaN at the ends and at gaps. */
  readonly change: Float32Array;
  /** The hours from which it does not return. */
  readonly lasting: ReadonlySet<number>;
}

function changes(rates: Float32Array): Changes {
  const change = new Float32Array(rates.length).fill(Number.NaN);
  const lasting = new Set<number>();
  const hours = [...rates.keys()].filter((hour) => !Number.isNaN(rates[hour]));
  const values = hours.map((hour) => rates[hour] as number);
  const spans = hours.map((hour, i) => hour - (hours[i - 1] ?? Number.NaN));
  const slopes = values.map((rate, i) => (rate - (values[i - 1] ?? Number.NaN)) / (spans[i] as number));
  for (let i = 2; i + 2 < hours.length; i++) {
    const [hour, span] = [hours[i] as number, spans[i] as number];
    if (span > HOLDS_HOURS) continue;
    // What the neighbours do takes out the course itself, up to its bend: a day's warming and cooling.
    const left = span * ((slopes[i] as number) - ((slopes[i - 1] as number) + (slopes[i + 1] as number)) / 2);
    change[hour] = left;
    // What is too small to be told, even where its site moves the other way, need not be looked at.
    if (Math.abs(left) < LEAST_CHANGE / 4) continue;
    const course = median(numbers(slopes.slice(Math.max(0, i - TREND_HOURS), i + TREND_HOURS + 1)));
    const [before, after] = [values.slice(Math.max(0, i - HOLDS_HOURS), i), values.slice(i, i + HOLDS_HOURS)];
    if ((median(after) - median(before) - HOLDS_HOURS * course) / left > STAYS) lasting.add(hour);
  }
  return { change, lasting };
}

/** The hours at which a change is larger than the limit, and than those around it. */
function peaks(change: Float32Array, limit: number): number[] {
  const found: number[] = [];
  const left = Float32Array.from(change, Math.abs);
  for (;;) {
    let hour = -1;
    for (let i = 0; i < left.length; i++) {
      if ((left[i] as number) > Math.max(limit, hour < 0 ? 0 : (left[hour] as number))) hour = i;
    }
    if (hour < 0) return found.sort((a, b) => a - b);
    found.push(hour);
    left.fill(0, Math.max(0, hour - HOLDS_HOURS + 1), hour + HOLDS_HOURS);
  }
}

/**
 * Tells the moves of references from the moves of single hosts: where all hosts of a site change their rate alike, the
 * time that they are held against changed its own.
 *
 * @returns in the order of the hours.
 */
export function moves(hosts: readonly HourlyRates[]): Move[] {
  const found: Move[] = [];
  const tests = hosts.reduce((sum, { rates }) => sum + rates.length, 0);
  /** By how much a change must exceed what a host's changes usually are, by how many of them there are. */
  const factors = new Map<number, number>();
  const factorOf = (known: number): number => {
    const factor =
      factors.get(known) ?? studentQuantile(FLEET_FALSE_ALARM_RATIO / 2 / tests, robustDegrees(known));
    factors.set(known, factor);
    return factor;
  };
  for (const [site, members] of group(hosts, (host) => host.site)) {
    const each = members.map(({ host, rates }) => ({ host, ...changes(rates) }));
    const hours = each[0]?.change.length ?? 0;
    const shared = new Float32Array(hours);
    const moved = new Float32Array(hours);
    for (let hour = 0; hour < hours; hour++) {
      const now = numbers(each.map(({ change }) => change[hour] as number));
      if (now.length < LEAST_SITE) continue;
      const middle = median(now);
      shared[hour] = middle;
      if (Math.abs(middle) < LEAST_CHANGE) continue;
      const apart = robustDeviation(now.map((value) => value - middle));
      const stays = each.filter(
        ({ change, lasting }) => lasting.has(hour) && (change[hour] as number) * middle > 0,
      ).length;
      if (Math.abs(middle) > ALIKE * apart && 2 * stays > now.length) moved[hour] = middle;
    }
    const usual = Math.max(LEAST_CHANGE, UNUSUAL * median(shared.map(Math.abs)));
    const together = new Set(peaks(moved, usual));
    for (const hour of together) {
      found.push({ host: null, site, hour, change: shared[hour] as number, limit: usual });
    }
    for (const { host, change, lasting } of each) {
      const own = new Float32Array(hours);
      for (const hour of lasting) own[hour] = change[hour] as number;
      for (const hour of together) {
        if (!Number.isNaN(change[hour])) own[hour] = (own[hour] as number) - (shared[hour] as number);
      }
      if (!own.some((value) => Math.abs(value) > LEAST_CHANGE)) continue;
      const known = numbers(change.map((value, hour) => value - (shared[hour] as number)));
      const limit = Math.max(LEAST_CHANGE, factorOf(known.length) * robustDeviation(known));
      for (const hour of peaks(own, limit)) {
        found.push({ host, site, hour, change: own[hour] as number, limit });
      }
    }
  }
  return found.sort((a, b) => a.hour - b.hour);
}

/**
 * Since which hour a host has been off without a break; hours without a rate break nothing.
 *
 * @param middles what its peers did, hour by hour.
 * @param off a ratio: further from them than this is off.
 * @returns an index; null where the last hour is not off.
 */
export function offSince(rates: Float32Array, middles: Float32Array, off: number): number | null {
  let since: number | null = null;
  for (let hour = rates.length - 1; hour >= 0; hour--) {
    const distance = Math.abs((rates[hour] as number) - (middles[hour] as number));
    if (Number.isNaN(distance)) continue;
    if (distance <= off) break;
    since = hour;
  }
  return since;
}
