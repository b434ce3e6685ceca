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
