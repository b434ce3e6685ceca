import { runsText } from '../report/text/runs.ts';
import type { RunsResult } from '../schema/runs.ts';
import { formatOf } from '../store/export.ts';
import { listRuns, type StoredRun } from '../store/runs.ts';
import { DEFAULT_STORE, openStoreToRead } from '../store/store.ts';
import { defineCommand } from './command.ts';

const HELP = `
The store is an SQLite file that tscope agent, and other commands with --db, write to; several may do so at once.
An export holds everything, one row a line: hosts, runs, series (pairs of clocks), events, samples and their roll-ups.
Importing it into an empty store gives the same rows; importing it again changes nothing.

Examples:
  tscope runs
  tscope runs --db /var/lib/tscope/tscope.db --export all.csv
  tscope runs --db fleet.db --import host-7.jsonl`;

/** A file whose name says its format. */
const transferFile = (text: string): string => {
  formatOf(text);
  return text;
};

const iso = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

const rowOf = (run: StoredRun): RunsResult['runs'][number] => ({
  run: run.key,
  host: run.hostName,
  command: run.command,
  startedAt: iso(run.startedAtNs),
  endedAt: run.endedAtNs === null ? null : iso(run.endedAtNs),
  lastSampleAt: run.lastSampleAtNs === null ? null : iso(run.lastSampleAtNs),
  pairs: run.series,
  samples: run.samples,
  events: run.events,
  document: run.hasDocument,
});

function runsIn(db: string): RunsResult['runs'] {
  const store = openStoreToRead(db);
  try {
    return listRuns(store).map(rowOf);
  } finally {
    store.close();
  }
}

export const command = defineCommand({
  name: 'runs',
  summary: 'lists the runs kept in a store; exports and imports them',
  needsHost: false,
  configure: (command) =>
    command
      .option('--db <file>', 'the store', DEFAULT_STORE)
      .option('--export <file>', 'write everything to a .csv or .jsonl file', transferFile)
      .option('--import <file>', 'read such a file into the store first', transferFile)
      .addHelpText('after', HELP),
  run: async ({ measure }, { db, export: exportTo, import: importFrom }) => {
    const imported =
      importFrom === undefined
        ? null
        : { file: importFrom, newRows: await measure('importStore', { db, file: importFrom }) };
    const exported =
      exportTo === undefined
        ? null
        : { file: exportTo, rows: await measure('exportStore', { db, file: exportTo }) };
    const result: RunsResult = { db, runs: runsIn(db), imported, exported };
    return { result, text: runsText(result) };
  },
});
