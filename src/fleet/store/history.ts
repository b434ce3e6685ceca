import { type FleetCalibration, fleetCalibrationSchema } from '../../schema/fleet-batch.ts';
import { asBigint, asCount, asReal, asText } from '../../store/cells.ts';
import type { FleetStore } from './fleet-store.ts';
import { WIDTH_NS, type Width } from './rows.ts';
import {
  column,
  flag,
  int,
  isoOfNs,
  json,
  nullable,
  StatementValues,
  select,
  shape,
  text,
} from './select.ts';

const OF_HOST = 'JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender WHERE x.host = ?1';

/** A pair of clocks that a host compared within one run, by its number. */
const PAIR = shape({
  id: int('p.id'),
  clock: text('p.clock'),
  reference: text('p.reference'),
  independent: nullable(flag('p.independent')),
});

/** The pairs of a host, of its oldest run first. */
export const listPairs = (store: FleetStore, host: number) =>
  select(store, PAIR, `FROM series p ${OF_HOST} ORDER BY r.started_at, p.id`, [host]);

/** Minutes or hours of some pairs. */
export interface PointQuery {
  /** Numbers of pairs: no planner takes to reading every host's. */
  readonly pairs: readonly number[];
  readonly width: Width;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
}

/** One minute or hour of a pair. */
export interface FleetPoint {
  readonly pair: number;
  readonly atNs: bigint;
  /** The mean of its offsets. */
  readonly offsetNs: number;
  /** The clock's rate against the reference, less 1, from the first sample to the last; null for a single one. */
  readonly rateRatio: number | null;
}

/** The minutes or hours that start in [fromNs, toNs), the oldest first. */
export async function listPoints(
  store: FleetStore,
  { pairs, width, fromNs, toNs, limit }: PointQuery,
): Promise<FleetPoint[]> {
  const ns = WIDTH_NS[width];
  const up = (at: bigint): bigint => (at > 0n ? (at + ns - 1n) / ns : at / ns);
  const values = new StatementValues();
  const [from, to, most] = [up(fromNs), up(toNs), limit].map((value) => values.add(value));
  const rows = await store.ask(
    `SELECT m.series, m.at, m.mean, m.first_since, m.first, m.last_since, m.last FROM ${width} m
     WHERE m.series IN (${values.list(pairs)}) AND m.at >= ${from} AND m.at < ${to} ORDER BY m.at, m.series LIMIT ${most}`,
    values.all,
  );
  return rows.map((row) => {
    const [mean = 0, firstSince = 0, first = 0, lastSince = 0, last = 0] = row.slice(2).map(asReal);
    const spanNs = Math.round(lastSince) - Math.round(firstSince);
    return {
      pair: asCount(row[0]),
      atNs: asBigint(row[1]) * ns,
      offsetNs: mean,
      rateRatio: spanNs > 0 ? (last - first) / spanNs : null,
    };
  });
}

/** A calibration of a row that holds it. */
export const calibration = column((cell) => fleetCalibrationSchema.parse(JSON.parse(asText(cell))));

/** The calibrations of a host, the newest first. */
export const listCalibrations = (
  store: FleetStore,
  host: number,
  limit: number,
): Promise<FleetCalibration[]> =>
  select(store, calibration('p.result'), `FROM calibration p ${OF_HOST} ORDER BY p.at DESC LIMIT ?2`, [
    host,
    limit,
  ]);

/** What is known of a document without reading all of it. */
const DOCUMENT = shape({
  id: int('p.id'),
  kind: text('p.kind'),
  at: isoOfNs('r.started_at'),
  kernel: nullable(text('p.kernel')),
  /** The main members of its result; see document-summary.ts. */
  summary: json<unknown>('p.summary'),
});

/** The runs of `tscope kvm` of a host, the newest first. */
export const listKvmRuns = (store: FleetStore, host: number, limit: number) =>
  select(
    store,
    DOCUMENT,
    `FROM document p ${OF_HOST} AND p.kind = 'kvm' ORDER BY r.started_at DESC, p.id DESC LIMIT ?2`,
    [host, limit],
  );
