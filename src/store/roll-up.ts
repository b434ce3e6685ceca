import { BEFORE_ALL, bucketsOf, floorTo, HOUR_NS, joined, MINUTE_NS, type Summary } from './buckets.ts';
import { putRollup, readRollups } from './rollups.ts';
import { readSamples } from './samples.ts';
import { readSeries, rolledAt, setRolledAt } from './series.ts';
import type { Store } from './store-on.ts';

/** Rolls up one hour of a series at most. @returns how many samples were new; 0 when there is nothing left to do. */
function rollUpHour(store: Store, series: bigint): number {
  const rolled = rolledAt(store, series);
  const after = rolled ?? BEFORE_ALL;
  const [next] = readSamples(store, series, after + 1n);
  if (next === undefined) return 0;
  const firstNs = next.baseNs + BigInt(next.sinceNs[0] as number);
  const hour = floorTo(firstNs, HOUR_NS);
  return store.transaction(() => {
    // From the minute that the last pass left unfinished: it is done again, whole.
    const minutes = new Map<bigint, Summary>();
    let count = 0;
    let last = after;
    for (const rows of readSamples(store, series, floorTo(firstNs, MINUTE_NS), hour + HOUR_NS)) {
      for (const [atNs, summary] of bucketsOf(rows, MINUTE_NS)) {
        const known = minutes.get(atNs);
        minutes.set(atNs, known === undefined ? summary : joined(known, summary));
      }
      const done = Number(after - rows.baseNs);
      count += rows.sinceNs.reduce((sum, since) => sum + (since > done ? 1 : 0), 0);
      last = rows.baseNs + BigInt(rows.sinceNs.at(-1) as number);
    }
    for (const [atNs, summary] of minutes) putRollup(store, series, MINUTE_NS, { atNs, ...summary });
    const [first, ...rest] = readRollups(store, series, MINUTE_NS, hour, hour + HOUR_NS);
    if (first !== undefined) {
      putRollup(store, series, HOUR_NS, { ...rest.reduce<Summary>(joined, first), atNs: hour });
    }
    setRolledAt(store, series, last);
    return count;
  });
}

/**
 * Summarises the samples that came since the last time into minutes and hours, an hour of one series in each
 * transaction, so that neither memory nor the writers notice how many there are. It can be stopped and repeated at any
 * moment.
 *
 * @returns how many samples were new.
 */
export function rollUp(store: Store): number {
  let total = 0;
  for (const { id: series } of readSeries(store)) {
    for (let count = rollUpHour(store, series); count > 0; count = rollUpHour(store, series)) total += count;
  }
  return total;
}
