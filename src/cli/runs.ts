import { count } from '../digits.ts';
import { usageError } from '../errors.ts';
import { runsText } from '../report/kinds/runs.ts';
import { listed, plural } from '../report/words.ts';
import type { RunsResult } from '../schema/runs.ts';
import { isoOf } from '../store/buckets.ts';
import { damageText } from '../store/damage.ts';
import type { Damage } from '../store/damage-log.ts';
import { exportFormat } from '../store/export.ts';
import { importFormatOf } from '../store/import.ts';
import { retentionFor } from '../store/retention.ts';
import { listRuns, type StoredRun } from '../store/runs.ts';
import { DEFAULT_STORE, openStoreToRead, using } from '../store/store.ts';
import { bounds, durationIn } from '../units.ts';
import type { Warning } from '../warning.ts';
import { defineCommand } from './command.ts';

const HELP = `
The store is an SQLite file that tscope agent, and other commands with --db, write to; several may do so at once.
An export holds everything, one row a line: hosts, runs, series (pairs of clocks), events, samples and their roll-ups,
and ends with the number of rows and a digest, which an import checks. Importing it into an empty store gives the same
rows; importing it again changes nothing.
An export to a folder (a name that ends in /) is one CSV file for each table, as pandas and DuckDB read them: hosts.csv,
runs.csv, series.csv, samples.csv, rollups.csv and events.csv. Moments are ns since the epoch.
--check reads everything against its checksums and names what is damaged. It exits with 1 if anything is,
and so does --export, which leaves that out.
--prune deletes what an agent with the same --retain would delete: samples older than that, minutes and hours older
than ten times that. Age is measured time, so a wrong clock deletes nothing; one pass takes a quarter of the samples at
most, unless it is forced.

Examples:
  tscope runs
  tscope runs --check --db /var/lib/tscope/tscope.db
  tscope runs --prune --retain 7d --dry-run
  tscope runs --db /var/lib/tscope/tscope.db --export all.csv
  tscope runs --db /var/lib/tscope/tscope.db --export tables/
  tscope runs --db fleet.db --import host-7.jsonl`;

/** A file whose name says its format, as `check` reads it. */
const transferFile =
  (check: (file: string) => unknown) =>
  (text: string): string => {
    check(text);
    return text;
  };

const rowOf = (run: StoredRun): RunsResult['runs'][number] => ({
  run: run.key,
  host: run.hostName,
  command: run.command,
  startedAt: isoOf(run.startedAtNs),
  endedAt: run.endedAtNs === null ? null : isoOf(run.endedAtNs),
  lastSampleAt: run.lastSampleAtNs === null ? null : isoOf(run.lastSampleAtNs),
  pairs: run.series,
  samples: run.samples,
  events: run.events,
  document: run.hasDocument,
});

const runsIn = (db: string) =>
  using(openStoreToRead(db), (store) => ({ runs: listRuns(store).map(rowOf), damage: store.damage.all }));

/** Damage in a warning; more of it is in the document. */
const MOST_NAMED = 20;

function damageWarning(db: string, damage: readonly Damage[]): Warning[] {
  if (damage.length === 0) return [];
  const named = damage.slice(0, MOST_NAMED).map(damageText);
  const more = damage.length - named.length;
  const list = [...named, ...(more > 0 ? [`and ${count(more)} more`] : [])].join('; ');
  return [
    {
      code: 'store-damaged',
      message: `${db} is damaged; left out: ${list}.`,
      hint: 'Everything else is intact. --export saves it; import it into another store to go on.',
    },
  ];
}

const uncheckedWarning = (file: string): Warning => ({
  code: 'import-unchecked',
  message: `${file} has no end mark, as versions before 0.2 wrote exports: nothing shows whether it is complete.`,
  hint: null,
});

const rowsText = ({ samples, minutes, hours }: { samples: number; minutes: number; hours: number }): string =>
  listed([plural(samples, 'sample'), plural(minutes, 'minute'), plural(hours, 'hour')]);

function checkText({ db, checked, damage }: RunsResult): string[] {
  if (checked === null) return [];
  const { runs, samples, rollups, events, documents } = checked;
  const sound = listed([
    plural(runs, 'run'),
    plural(samples, 'sample'),
    plural(rollups, 'roll-up'),
    plural(events, 'event'),
    plural(documents, 'document'),
  ]);
  const verdict =
    damage.length === 0
      ? `${db} is sound: ${sound} are as they were written.`
      : `${db} is damaged in ${plural(damage.length, 'place')}; ${sound} are as they were written.`;
  return [verdict, ''];
}

function pruneText({ pruned }: RunsResult): string[] {
  if (pruned === null) return [];
  const { dryRun, deleted, events, runs, withheld } = pruned;
  const held = Object.values(withheld).some((count) => count > 0);
  return [
    `${dryRun ? 'Would delete' : 'Deleted'} ${rowsText(deleted)}, ${plural(events, 'event')}, ${plural(runs, 'run')} with nothing left.`,
    ...(held
      ? [
          `${rowsText(withheld)} are too old as well, but more than one pass takes; --force deletes them at once.`,
        ]
      : []),
    '',
  ];
}

export const command = defineCommand({
  name: 'runs',
  summary: 'lists the runs kept in a store; checks, prunes, exports and imports them',
  needsHost: false,
  configure: (command) =>
    command
      .option('--db <file>', 'the store', DEFAULT_STORE)
      .option('--import <file>', 'read an exported file into the store first', transferFile(importFormatOf))
      .option('--check', 'read everything against its checksums')
      .option('--prune', 'roll up what is new and delete what is too old')
      .option('--retain <time>', 'with --prune: how long samples are kept', durationIn(bounds('1h', '3650d')))
      .option('--dry-run', 'with --prune: only say what would be deleted')
      .option('--force', 'with --prune: delete all of it in one pass')
      .option(
        '--export <place>',
        'write everything to a .csv or .jsonl file, or to a folder/ of tables',
        transferFile(exportFormat),
      )
      .addHelpText('after', HELP),
  run: async ({ measure }, { db, check, prune, retain, dryRun, force, ...files }) => {
    if (prune && retain === undefined) throw usageError('--prune: give --retain, as in --retain 30d.');
    for (const [flag, given] of [
      ['--retain', retain !== undefined],
      ['--dry-run', dryRun],
      ['--force', force],
    ] as const) {
      if (given && !prune) throw usageError(`${flag}: it goes with --prune.`);
    }
    const imported =
      files.import === undefined
        ? null
        : { file: files.import, ...(await measure('importStore', { db, file: files.import })) };
    const { damage: found = [], ...checked } = check ? await measure('checkStore', { db }) : {};
    const options = { db, dryRun: dryRun ?? false, force: force ?? false };
    const pruned =
      retain === undefined
        ? null
        : {
            dryRun: options.dryRun,
            ...(await measure('pruneStore', { ...options, retention: retentionFor(retain, null) })),
          };
    const exported =
      files.export === undefined ? null : await measure('exportStore', { db, file: files.export });
    const listed = runsIn(db);
    const all = new Map(
      [...found, ...(exported?.damage ?? []), ...listed.damage].map((one) => [damageText(one), one]),
    );
    const damage = [...all.values()];
    const result: RunsResult = {
      db,
      runs: listed.runs,
      imported,
      exported:
        exported === null || files.export === undefined ? null : { file: files.export, rows: exported.rows },
      checked: check ? (checked as RunsResult['checked']) : null,
      pruned,
      damage: damage.map(({ run, what, fromNs, toNs }) => ({
        run,
        what,
        fromNs: fromNs === null ? null : String(fromNs),
        toNs: toNs === null ? null : String(toNs),
      })),
    };
    return {
      result,
      text: [...checkText(result), ...pruneText(result), runsText(result)].join('\n'),
      warnings: [
        ...(imported?.checked === false ? [uncheckedWarning(imported.file)] : []),
        ...damageWarning(db, damage),
      ],
      exitCode: (check || exported !== null) && damage.length > 0 ? 1 : 0,
    };
  },
});
