import type { Cell } from '../../store/connection.ts';
import { previousBoots } from './tables.ts';

/** A sender, and from when to when it sent, ms by the hub's clock. */
export interface Activity {
  readonly sender: number;
  readonly host: number;
  readonly machine: string;
  readonly instance: string;
  readonly boot: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** A sender that is another host's than was thought; hosts below 0 are yet to be made, one for each number. */
export interface Move {
  readonly sender: number;
  readonly host: number;
}

/**
 * A kernel that has ended sends nothing any more: two boots of one machine never send in turns. Where they do, there are
 * two machines, whatever names they share.
 */
const conflict = (a: Activity, b: Activity): boolean =>
  a.boot !== b.boot && a.firstAtMs < b.lastAtMs && b.firstAtMs < a.lastAtMs;

/**
 * Tells apart the hosts that publish under one word.
 *
 * @param activities of all senders of one word.
 * @returns which of them are another host's than they were thought to be; the first stays where it is.
 */
export function separate(activities: readonly Activity[]): Move[] {
  const byStart = activities.toSorted((a, b) => a.firstAtMs - b.firstAtMs || a.sender - b.sender);
  const hosts = new Map<number, Activity[]>();
  const moves: Move[] = [];
  let made = 0;
  for (const activity of byStart) {
    const free = (host: number): boolean =>
      !(hosts.get(host) ?? []).some((other) => conflict(other, activity));
    let host: number | undefined = activity.host;
    if (!free(host)) {
      const others = [...hosts].filter(([candidate]) => free(candidate));
      const same = others.find(([, own]) =>
        own.some(({ machine, instance }) => machine === activity.machine && instance === activity.instance),
      );
      host = (same ?? others[0])?.[0];
      if (host === undefined) {
        made -= 1;
        host = made;
      }
      moves.push({ sender: activity.sender, host });
    }
    hosts.set(host, [...(hosts.get(host) ?? []), activity]);
  }
  return moves;
}

/** Statements, with their values, that carry it out. @param stale what makes the profiles of these hosts stale. */
export function separation(
  word: string,
  moves: readonly Move[],
  stale: (hosts: string) => string,
): Array<readonly [sql: string, ...values: Cell[]]> {
  const made = Math.max(0, ...moves.map(({ host }) => -host));
  const add = `INSERT INTO host (word, twin, first_at) SELECT word, max(twin) + 1, min(first_at) FROM host WHERE word = ?1 GROUP BY word`;
  // Those that were made have the last numbers of the word.
  const nth =
    '(SELECT id FROM host WHERE word = ?2 AND twin = (SELECT max(twin) FROM host WHERE word = ?2) - ?3)';
  return [
    ...Array.from({ length: made }, () => [add, word] as const),
    ...moves.map(({ sender, host }) =>
      host >= 0
        ? (['UPDATE sender SET host = ?2 WHERE id = ?1', BigInt(sender), BigInt(host)] as const)
        : ([
            `UPDATE sender SET host = ${nth} WHERE id = ?1`,
            BigInt(sender),
            word,
            BigInt(made + host),
          ] as const),
    ),
    [
      `UPDATE host SET sender = (SELECT id FROM sender s WHERE s.host = host.id ORDER BY last_at DESC, id DESC LIMIT 1)
       WHERE word = ?1`,
      word,
    ],
    [previousBoots('SELECT id FROM host WHERE word = ?1'), word],
    [stale('SELECT id AS host FROM host WHERE word = ?1'), word],
  ];
}
