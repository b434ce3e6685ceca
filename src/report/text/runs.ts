import type { RunsResult } from '../../schema/runs.ts';
import { formatCount } from '../../units.ts';
import { textTable } from './table.ts';

/** Wall-clock time in UTC, to the second. */
const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** How a run ended: its last moment, or that nobody knows. */
const ending = ({ endedAt, lastSampleAt }: RunsResult['runs'][number]): string => {
  if (endedAt !== null) return moment(endedAt);
  return lastSampleAt === null ? 'open' : `open; ${moment(lastSampleAt)}`;
};

/** The runs of a store as a table, the newest first. */
export function runsText({ db, runs, imported, exported }: RunsResult): string {
  const lines: string[] = [];
  if (imported !== null) lines.push(`${formatCount(imported.newRows)} new rows from ${imported.file}.`, '');
  const head = ['run', 'host', 'command', 'started (UTC)', 'ended', '#pairs', '#samples', '#events'];
  const rows = runs.map((run) => [
    run.run,
    run.host,
    run.command,
    moment(run.startedAt),
    ending(run),
    formatCount(run.pairs),
    formatCount(run.samples),
    formatCount(run.events),
  ]);
  lines.push(runs.length === 0 ? `${db} holds no runs yet.` : textTable(head, rows));
  if (runs.some(({ endedAt }) => endedAt === null)) {
    lines.push('', 'open: it still runs, or was cut off after the sample named.');
  }
  if (exported !== null) lines.push('', `${formatCount(exported.rows)} rows written to ${exported.file}.`);
  return lines.join('\n');
}
