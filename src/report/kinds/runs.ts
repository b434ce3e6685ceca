import { count } from '../../digits.ts';
import type { RunsResult } from '../../schema/runs.ts';
import { columns } from '../columns.ts';
import { sectionsText } from '../text.ts';
import { moment, plural } from '../words.ts';

/** When a run ended; its last sample where that is not known. */
const ending = ({ endedAt, lastSampleAt }: RunsResult['runs'][number]): string => {
  if (endedAt !== null) return moment(endedAt);
  return lastSampleAt === null ? 'open' : `open; ${moment(lastSampleAt)}`;
};

export function runsText({ db, runs, imported, exported }: RunsResult): string {
  const table = columns(runs, [
    ['run', ({ run }) => run],
    ['host', ({ host }) => host],
    ['command', ({ command }) => command],
    ['started (UTC)', ({ startedAt }) => moment(startedAt)],
    ['ended', ending],
    ['#pairs', ({ pairs }) => count(pairs)],
    ['#samples', ({ samples }) => count(samples)],
    ['#events', ({ events }) => count(events)],
  ]);
  const open = runs.some(({ endedAt }) => endedAt === null);
  const blocks = [
    ...(imported === null ? [] : [{ text: `${plural(imported.newRows, 'new row')} from ${imported.file}.` }]),
    runs.length === 0 ? { text: `${db} holds no runs yet.` } : table,
    ...(open ? [{ text: 'open: it still runs, or was cut off after the sample named.' }] : []),
    ...(exported === null ? [] : [{ text: `${plural(exported.rows, 'row')} written to ${exported.file}.` }]),
  ];
  return sectionsText([{ id: 'runs', title: 'Runs', blocks }]);
}
