import { asCount, asText } from '../../store/cells.ts';
import type { FleetStore } from './fleet-store.ts';

/** What was concluded about a host, kept beside it so that hosts can be sorted by it. */
export interface StandingRow {
  /** The number of `FleetHost`. */
  readonly host: number;
  /** How far it stands out among its peers; null where that cannot be said. */
  readonly score: number | null;
  /** JSON of the conclusion. */
  readonly detail: string;
}

/** Keeps where hosts stand, in place of all that was kept before. */
export const putStandings = (store: FleetStore, standings: readonly StandingRow[]) =>
  store.transaction(async (own) => {
    const hosts = new Set(standings.map(({ host }) => host));
    const known = (await own.run('SELECT host FROM standing')).map(([host]) => asCount(host));
    const gone = known.filter((host) => !hosts.has(host)).map((host) => [host]);
    await own.each('host int', gone, 'DELETE FROM standing WHERE host IN (SELECT u.host FROM u)');
    await own.each(
      'host int, score float8, detail text',
      standings.map(({ host, score, detail }) => [host, score, detail]),
      `INSERT INTO standing (host, score, detail) SELECT * FROM u WHERE true
       ON CONFLICT (host) DO UPDATE SET score = excluded.score, detail = excluded.detail
       WHERE standing.detail <> excluded.detail`,
    );
  });

/** Keeps what was concluded about the whole fleet, JSON, in place of what was kept before. */
export const putConclusions = (store: FleetStore, json: string) =>
  store.transaction((own) =>
    own.run(
      `INSERT INTO conclusions (id, json) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
      [json],
    ),
  );

/** What was last concluded, JSON; null before the first time. */
export async function readConclusions(store: FleetStore): Promise<string | null> {
  const [row] = await store.ask('SELECT json FROM conclusions');
  return row === undefined ? null : asText(row[0]);
}
