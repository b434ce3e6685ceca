import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { asBigint, asCount, asReal, asText } from '../../src/store/cells.ts';

const OF_HOST = 'JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender WHERE x.host = ?1';

/** What there is of a host: that nothing is missing and nothing doubled. `minuteSamples` are those that went into the minutes. */
export async function account(store: FleetStore, host: number) {
  const [series, runs] = [
    `SELECT p.id FROM series p ${OF_HOST}`,
    `SELECT p.id FROM run p ${OF_HOST.replace('r.id = p.run', 'r.id = p.id')}`,
  ];
  const count = async (table: string, of: 'series' | 'run', what = 'count(*)') => {
    const sql = `SELECT CAST(coalesce(${what}, 0) AS BIGINT) FROM ${table} WHERE ${of} IN (${of === 'run' ? runs : series})`;
    return asCount((await store.ask(sql, [host]))[0]?.[0]);
  };
  return {
    samples: await count('sample', 'series'),
    minutes: await count('minute', 'series'),
    hours: await count('hour', 'series'),
    minuteSamples: await count('minute', 'series', 'sum(count)'),
    events: await count('event', 'run'),
    calibrations: await count('calibration', 'run'),
    documents: await count('document', 'run'),
  };
}

/** The single samples of a host, with the run and the clock of each. */
export async function samplesOf(store: FleetStore, host: number) {
  const rows = await store.ask(
    `SELECT r.key, p.clock, m.at, m."offset", m."window" FROM sample m JOIN series p ON p.id = m.series ${OF_HOST} ORDER BY m.at`,
    [host],
  );
  return rows.map(([run, clock, at, offset, window]) => ({
    run: asText(run),
    clock: asText(clock),
    atNs: asBigint(at),
    offsetNs: asReal(offset),
    windowNs: asReal(window),
  }));
}
