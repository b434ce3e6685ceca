import { asBigint, asCount, asText, orNull } from '../../store/cells.ts';
import type { Store } from '../../store/store.ts';

/** Runs of one answer. */
const MOST_RUNS = 500n;

// Without the counts of `listRuns`, which read every sample there is.
const RUNS = `
SELECT run.id, run.key, host.name, run.command, run.started_at, run.ended_at,
  (SELECT max(coalesce((SELECT max(at) FROM sample WHERE series = s.id),
    (SELECT max(last_at) FROM block WHERE series = s.id), s.rolled_at)) FROM series s WHERE s.run = run.id)
FROM run JOIN host ON host.id = run.host ORDER BY run.started_at DESC, run.id DESC LIMIT ${MOST_RUNS}`;

const isoOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

/** The runs of the store, the newest first. */
export const runsIn = ({ connection }: Store) => ({
  runs: connection.all(RUNS).map(([id, key, hostname, command, startedAt, endedAt, lastSampleAt]) => {
    const [ended, last] = [orNull(asBigint)(endedAt), orNull(asBigint)(lastSampleAt)];
    return {
      id: asCount(id),
      key: asText(key),
      hostname: asText(hostname),
      command: asText(command),
      startedAt: isoOf(asBigint(startedAt)),
      endedAt: ended === null ? null : isoOf(ended),
      lastSampleAt: last === null ? null : isoOf(last),
    };
  }),
});
