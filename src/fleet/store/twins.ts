import { group } from 'd3-array';
import type { FleetStore, Statements } from './fleet-store.ts';
import { makeStale } from './profiles.ts';
import { int, type Read, select, shape, text } from './select.ts';
import { previousBoots } from './tables.ts';

const SENDER = shape({
  word: text('a.word'),
  sender: int('a.id'),
  host: int('a.host'),
  machine: text('a.machine'),
  instance: text('a.instance'),
  boot: text('a.boot'),
  firstAtMs: int('a.first_at'),
  lastAtMs: int('a.last_at'),
  hostname: text('a.hostname'),
});
/** A sender, and from when to when it sent, ms by the hub's clock. */
export type SenderActivity = Omit<Read<typeof SENDER>, 'word' | 'hostname'>;

/** A sender that is another host's than was thought; hosts below 0 are yet to be made, one for each number. */
export interface Reassignment {
  readonly sender: number;
  readonly host: number;
}

/**
 * A kernel that has ended sends nothing any more: two boots of one machine never send in turns. Where they do, there are
 * two machines, whatever names they share.
 */
const conflict = (a: SenderActivity, b: SenderActivity): boolean =>
  a.boot !== b.boot && a.firstAtMs < b.lastAtMs && b.firstAtMs < a.lastAtMs;

/**
 * Tells apart the hosts that publish under one word.
 *
 * @param activities of all senders of one word.
 * @returns which of them are another host's than they were thought to be; the first stays where it is.
 */
export function separate(activities: readonly SenderActivity[]): Reassignment[] {
  const byStart = activities.toSorted((a, b) => a.firstAtMs - b.firstAtMs || a.sender - b.sender);
  const hosts = new Map<number, SenderActivity[]>();
  const moves: Reassignment[] = [];
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

/** Makes it so. */
async function carryOut(own: Statements, word: string, moves: readonly Reassignment[]): Promise<void> {
  const made = Math.max(0, ...moves.map(({ host }) => -host));
  for (let i = 0; i < made; i++) {
    await own.run(
      `INSERT INTO host (word, twin, first_at)
       SELECT word, max(twin) + 1, min(first_at) FROM host WHERE word = ?1 GROUP BY word`,
      [word],
    );
  }
  // Those that were made have the last numbers of the word.
  const nth = `(SELECT h.id FROM host h WHERE h.word = ?1
    AND h.twin = (SELECT max(twin) FROM host WHERE word = ?1) - ?3)`;
  for (const { sender, host } of moves) {
    const values = host < 0 ? [word, sender, made + host] : [word, sender, host];
    await own.run(`UPDATE sender SET host = ${host < 0 ? nth : '?3'} WHERE word = ?1 AND id = ?2`, values);
  }
  const hosts = 'SELECT id FROM host WHERE word = ?1';
  await own.run(
    `UPDATE host SET sender = (SELECT id FROM sender s WHERE s.host = host.id ORDER BY last_at DESC, id DESC LIMIT 1)
     WHERE word = ?1`,
    [word],
  );
  await own.run(previousBoots(hosts), [word]);
  await own.run(makeStale('SELECT id AS host, 0 AS fresh FROM host WHERE word = ?1'), [word]);
}

/**
 * Tells apart hosts that publish under one word, as far as they are known by now.
 *
 * @returns the words under which several were found.
 */
export async function separateTwins(store: FleetStore): Promise<{ host: string; hostnames: string[] }[]> {
  // Senders of the words under which more than one boot has sent.
  const senders = await select(
    store,
    SENDER,
    `FROM sender a
     WHERE EXISTS (SELECT 1 FROM sender b WHERE b.host = a.host AND b.boot <> a.boot
       AND a.first_at < b.last_at AND b.first_at < a.last_at)
       OR a.word IN (SELECT word FROM host WHERE twin > 1)
     ORDER BY a.first_at, a.id`,
  );
  const found: { host: string; hostnames: string[] }[] = [];
  for (const [host, of] of group(senders, ({ word }) => word)) {
    const moves = separate(of);
    if (moves.length === 0) continue;
    await store.transaction((own) => carryOut(own, host, moves));
    found.push({ host, hostnames: [...new Set(of.map(({ hostname }) => hostname))] });
  }
  return found;
}
