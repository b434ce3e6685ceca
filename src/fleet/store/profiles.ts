import { group } from 'd3-array';
import type { FleetCalibration } from '../../schema/fleet-batch.ts';
import { asBytes, asCount, asReal } from '../../store/cells.ts';
import type { FleetStore } from './fleet-store.ts';
import { calibration } from './history.ts';
import { column, int, json, nullable, type Read, select, shape, text } from './select.ts';

/** Hours of which a profile holds the rates. */
export const WEEK_HOURS = 168;

/** `rates` as it is stored: an array of floats of this machine's order, which is that of all that run this. */
const rates = column((cell): Float32Array => {
  const bytes = cell == null ? new Uint8Array() : asBytes(cell);
  const rates = new Float32Array(WEEK_HOURS).fill(Number.NaN);
  if (bytes.length === rates.byteLength) new Uint8Array(rates.buffer).set(bytes);
  return rates;
});

/** What judging needs of a host, kept so that no history is read twice. */
const PROFILE = {
  /** The last hour of `rates`, counted from the epoch. */
  hour: int('coalesce(q.hour, 0)'),
  /** The raw clock's rate against disciplined time in each of the WEEK_HOURS up to that hour; NaN where there is none. */
  rates: rates('q.rates'),
  /** JSON of what its newest calibration, and its newest run of `tscope kvm`, come to; null where it sent none. */
  claim: nullable(text('q.claim')),
  kvm: nullable(text('q.kvm')),
};

/**
 * The first hour that a profile does not hold as it is known at ?3, the present one. A profile of a later hour was made by
 * a clock that was ahead, and lacks the hours that have left its week. Hours that came before their time, by this clock,
 * were not read yet, whatever came since.
 */
const FRESH = 'CASE WHEN q.hour > ?3 THEN 0 WHEN q.fresh <= q.hour THEN q.fresh ELSE q.hour + 1 END';

const STALE_PROFILE = shape({
  host: int('q.host'),
  /** The state that it was read in: anything that comes makes it another. */
  stamp: int('q.stamp'),
  ...PROFILE,
  fresh: int(FRESH),
});
export type StampedProfile = Omit<Read<typeof STALE_PROFILE>, 'fresh'>;
export type Profile = Omit<StampedProfile, 'stamp'>;

/** A profile, and what came since it was made. */
export interface StaleProfile extends Read<typeof STALE_PROFILE> {
  /** Rates from `fresh` on, the hour with each; of an hour that was measured twice the one with more samples comes last. */
  readonly hours: ReadonlyArray<readonly [hour: number, rate: number]>;
  readonly calibration: FleetCalibration | null;
  /** The newest document of `tscope kvm`. */
  readonly document: { readonly kernel: string | null; readonly summary: string } | null;
}

/** A profile with what hosts are sorted into groups by. */
const HOST_PROFILE = shape({
  host: int('h.id'),
  ...PROFILE,
  cpu: nullable(text('s.cpu')),
  labels: json<Record<string, string>>('s.labels'),
  /** When it was heard from last, ms by the hub's clock. */
  lastSeenMs: int('s.last_at'),
});

/**
 * Profiles of hosts of which something came since, or that are of later hours, by host number, with what came.
 *
 * @param hour the present one: later ones are not read.
 */
export async function staleProfiles(
  store: FleetStore,
  hour: number,
  afterHost: number,
  limit: number,
): Promise<StaleProfile[]> {
  const isStale = '(q.fresh IS NOT NULL OR q.hour > ?3)';
  const stale = await select(
    store,
    STALE_PROFILE,
    `FROM profile q WHERE q.host > ?1 AND ${isStale} ORDER BY q.host LIMIT ?2`,
    [afterHost, limit, hour],
  );
  const range = [stale[0]?.host ?? 0, stale.at(-1)?.host ?? -1, hour];
  // Whoever becomes stale meanwhile is in these too, and not looked at.
  const of = 'FROM profile q JOIN sender x ON x.host = q.host JOIN run r ON r.sender = x.id';
  const among = `q.host >= ?1 AND q.host <= ?2 AND ${isStale}`;
  const host = int('q.host');
  const hours = await store.ask(
    `SELECT q.host, m.at, (m.first - m.last) / (m.last_since - m.first_since) ${of}
     JOIN series p ON p.run = r.id JOIN hour m ON m.series = p.id
     WHERE ${among} AND p.clock = 'monotonic' AND p.reference = 'monotonic_raw' AND p.independent = 1
       AND m.at >= ${FRESH} AND m.at > ?4 AND m.at <= ?3 AND m.last_since > m.first_since
     ORDER BY q.host, m.count`,
    [...range, hour - WEEK_HOURS],
  );
  const calibrations = await select(
    store,
    shape({ host, calibration: calibration('c.result') }),
    `${of} JOIN calibration c ON c.run = r.id AND c.at = (SELECT max(n.at) FROM calibration n WHERE n.run = r.id)
     WHERE ${among} ORDER BY q.host, c.at`,
    range,
  );
  const documents = await select(
    store,
    shape({ host, kernel: nullable(text('d.kernel')), summary: text('d.summary') }),
    `${of} JOIN document d ON d.run = r.id WHERE ${among} AND d.kind = 'kvm' ORDER BY q.host, r.started_at, d.id`,
    range,
  );
  const measured = group(hours, ([host]) => asCount(host));
  const calibrated = new Map(calibrations.map(({ host, calibration }) => [host, calibration]));
  const documented = new Map(documents.map(({ host, ...document }) => [host, document]));
  return stale.map((profile) => ({
    ...profile,
    hours: (measured.get(profile.host) ?? []).map(([, at, rate]) => [asCount(at), asReal(rate)] as const),
    calibration: calibrated.get(profile.host) ?? null,
    document: documented.get(profile.host) ?? null,
  }));
}

/** Keeps profiles unless something came for them since they were read; they are then stale still. */
export const putProfiles = (store: FleetStore, profiles: readonly StampedProfile[]) =>
  store.transaction((own) =>
    own.each(
      'host int, stamp int, hour int, rates bytea, claim text, kvm text',
      profiles.map(({ host, stamp, hour, rates, claim, kvm }) => {
        const bytes = Buffer.from(rates.buffer, rates.byteOffset, rates.byteLength);
        return [host, stamp, hour, bytes, claim, kvm];
      }),
      `UPDATE profile AS q SET fresh = NULL, hour = u.hour, rates = u.rates, claim = u.claim, kvm = u.kvm
       FROM u WHERE q.host = u.host AND q.stamp = u.stamp`,
    ),
  );

/** By host number. */
export const listProfiles = (store: FleetStore, afterHost: number, limit: number) =>
  select(
    store,
    HOST_PROFILE,
    `FROM host h JOIN sender s ON s.id = h.sender LEFT JOIN profile q ON q.host = h.id
     WHERE h.id > ?1 ORDER BY h.id LIMIT ?2`,
    [afterHost, limit],
  );

/** A statement that makes profiles stale. @param hosts a query of hosts, each with the `fresh` hour from which something came. */
export const makeStale = (hosts: string): string =>
  `INSERT INTO profile (host, fresh, stamp, hour, rates)
   SELECT h.host, h.fresh, 1, 0, ''::bytea FROM (${hosts}) AS h ORDER BY h.host
   ON CONFLICT (host) DO UPDATE SET stamp = profile.stamp + 1,
     fresh = least(coalesce(profile.fresh, excluded.fresh), excluded.fresh)`;
