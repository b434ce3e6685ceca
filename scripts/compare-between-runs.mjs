// How far the same figure lies apart between runs of an idle host, and how often `compare` calls that a change.
// node scripts/compare-between-runs.mjs [--runs 21] [--record FILE] [FOLDER...]: measures as many times, or reads the runs in
// the folders; --record keeps what compare reads of them, as test/report/compare/idle-runs.json.gz was made.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { compareRuns } from '../dist/report/compare/compare.js';
import { quantitiesOf, wholeRows } from '../dist/report/compare/quantities.js';
import { inputOf } from '../dist/report/input.js';
import { standardDeviation } from '../dist/statistics.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '21' }, record: { type: 'string' } },
});
const main = new URL('../dist/cli/main.js', import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'tscope-between-runs-'));

const measured = (i) => {
  const folder = join(scratch, String(i));
  execFileSync(process.execPath, [main, 'measure', '--quick', '--out', folder], { stdio: 'ignore' });
  return folder;
};
const folders =
  positionals.length > 0 ? positionals : Array.from({ length: Number(values.runs) }, (_, i) => measured(i));
const documents = folders.map((folder) => JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
const runs = documents.map((document, i) => ({ name: folders[i], input: inputOf(document, folders[i]) }));
rmSync(scratch, { recursive: true });
for (const { result, startedAt } of documents)
  if (result.skipped.length > 0)
    throw new Error(`the run of ${startedAt} is not whole: ${result.skipped[0].reason}`);

/** Numbers to four digits. */
const short = (value) => {
  if (typeof value === 'number' && !Number.isInteger(value)) return Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(short);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, short(one)]));
};
const withoutLists = (part) =>
  part === null
    ? null
    : Object.fromEntries(
        Object.entries(part).map(([name, value]) => [name, Array.isArray(value) ? [] : value]),
      );

/** A document without what is drawn only. */
function slim({ result, ...envelope }) {
  const { timer, calibrate, drift, stop, kvm } = result;
  const slimmed = {
    timer: timer && {
      ...timer,
      histogram: [],
      divergence: timer.divergence && { ...timer.divergence, points: [] },
    },
    calibrate: withoutLists(calibrate),
    drift: drift && {
      ...drift,
      pairs: drift.pairs.map((pair) => ({ ...pair, timeError: [], stability: [] })),
    },
    stop: stop && short({ ...stop, rows: stop.rows.filter(({ projected }) => projected === null) }),
    kvm: kvm && {
      ...withoutLists(kvm),
      running: withoutLists(kvm.running),
      resume: withoutLists(kvm.resume),
      stall: withoutLists(kvm.stall ?? null),
      trace: withoutLists(kvm.trace ?? null),
    },
  };
  return { ...envelope, warnings: [], result: { ...result, ...slimmed } };
}
if (values.record !== undefined)
  writeFileSync(values.record, gzipSync(JSON.stringify(documents.map(slim)), { level: 9 }));

const rows = runs.map(({ input }) => wholeRows(input.parts));
const common = new Set([...rows[0]].filter((name) => rows.every((own) => own.has(name))));
const figures = new Map();
for (const { input } of runs) {
  for (const one of quantitiesOf(input.parts, common)) {
    const name = `${one.part}: ${one.name}`;
    figures.set(name, [...(figures.get(name) ?? []), one]);
  }
}
console.log(
  'standard deviation between runs (of the logarithm, or in the unit), and the typical one that compare holds',
);
for (const [name, all] of figures) {
  const logarithm = all[0].typical?.of === 'logarithm';
  const scale = all[0].unit === 'hz' ? all[0].value : 1;
  const deviation = standardDeviation(all.map(({ value }) => (logarithm ? Math.log(value) : value / scale)));
  const typical = all[0].typical === null ? 'exact' : all[0].typical.deviation.toPrecision(2);
  console.log(`${name.padEnd(66)} ${deviation.toPrecision(2).padStart(9)} ${typical.padStart(9)}`);
}

/** The figures that compare calls changed between two runs. */
const changes = (a, b) =>
  compareRuns([a], [b]).quantities.filter(({ judgement }) => judgement === 'changed').length;
const pairs = runs.slice(1).map((run, i) => changes(runs[i], run));
const all = runs.flatMap((a, i) => runs.slice(i + 1).map((b) => changes(a, b)));
const alarms = (counts) => counts.filter((count) => count > 0).length;
console.log(
  `pairs that follow one another: a change in ${alarms(pairs)} of ${pairs.length}; all pairs: in ${alarms(all)} of ${all.length}`,
);
