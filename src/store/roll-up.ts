import { floorTo, HOUR_NS, MINUTE_NS } from './buckets.ts';
import { asBigint, asCount, orNull } from './cells.ts';
import type { Store } from './store.ts';

const MINUTES = `
INSERT OR REPLACE INTO rollup (series, width, at, count, min, max, mean, first_at, first, last_at, last)
SELECT g.series, ${MINUTE_NS}, g.minute, g.count, g.low, g.high, g.mean, f.at, f.offset, l.at, l.offset
FROM (
  SELECT series, at / ${MINUTE_NS} * ${MINUTE_NS} AS minute, count(*) AS count, min(offset) AS low, max(offset) AS high,
    avg(offset) AS mean, min(at) AS first_at, max(at) AS last_at
  FROM sample WHERE series = ? AND at >= ? AND at < ? GROUP BY minute
) g
JOIN sample f ON f.series = g.series AND f.at = g.first_at
JOIN sample l ON l.series = g.series AND l.at = g.last_at`;

const HOUR = `
INSERT OR REPLACE INTO rollup (series, width, at, count, min, max, mean, first_at, first, last_at, last)
SELECT g.series, ${HOUR_NS}, g.hour, g.count, g.low, g.high, g.mean, f.first_at, f.first, l.last_at, l.last
FROM (
  SELECT series, ?2 AS hour, sum(count) AS count, min(min) AS low, max(max) AS high,
    sum(mean * count) / sum(count) AS mean, min(at) AS first_minute, max(at) AS last_minute
  FROM rollup WHERE series = ?1 AND width = ${MINUTE_NS} AND at >= ?2 AND at < ?2 + ${HOUR_NS} GROUP BY series
) g
JOIN rollup f ON f.series = g.series AND f.width = ${MINUTE_NS} AND f.at = g.first_minute
JOIN rollup l ON l.series = g.series AND l.width = ${MINUTE_NS} AND l.at = g.last_minute`;

/** Rolls up one hour of a series at most. @returns how many samples were new; 0 when there is nothing left to do. */
function rollUpHour(store: Store, series: bigint): number {
  const { connection } = store;
  const rolled = orNull(asBigint)(
    connection.get('SELECT rolled_at FROM series WHERE id = ?', series)?.[0] ?? null,
  );
  const after = rolled === null ? -(2n ** 62n) : rolled;
  const next = orNull(asBigint)(
    connection.get('SELECT min(at) FROM sample WHERE series = ? AND at > ?', series, after)?.[0] ?? null,
  );
  if (next === null) return 0;
  const hour = floorTo(next, HOUR_NS);
  const end = hour + HOUR_NS;
  return store.transaction(() => {
    // From the minute that the last pass left unfinished: it is done again, whole.
    connection.run(MINUTES, series, floorTo(next, MINUTE_NS), end);
    connection.run(HOUR, series, hour);
    const inHour = 'SELECT max(at), count(*) FROM sample WHERE series = ? AND at > ? AND at < ?';
    const [last, count] = connection.get(inHour, series, after, end) ?? [];
    connection.run('UPDATE series SET rolled_at = ? WHERE id = ?', asBigint(last), series);
    return asCount(count);
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
  for (const [id] of store.connection.all('SELECT id FROM series ORDER BY id')) {
    const series = asBigint(id);
    for (let count = rollUpHour(store, series); count > 0; count = rollUpHour(store, series)) total += count;
  }
  return total;
}
