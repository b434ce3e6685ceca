// Writes run.json beside this file: a run.json of this host, put together from each command's own document and thinned.
// Needed again when a schema changes: npm run build && node test/report/write-fixture.mjs
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const document = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [main, ...args, '--json'], {
      encoding: 'utf8',
      maxBuffer: 1e9,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );

const documents = {
  host: document('host'),
  calibrate: document('calibrate'),
  timer: document('timer', '--duration', '3s'),
  drift: document('drift', '--duration', '6s'),
  stop: document('stop', '--budget', '10s'),
  kvm: document('kvm'),
};

/** Every long list of pairs is for drawing: a few points will do. */
const thinned = (key, value) =>
  Array.isArray(value) && value.length > 100 && (key === 'timeError' || key === 'points')
    ? value.filter((_, i) => i % Math.ceil(value.length / 60) === 0)
    : value;

const parts = Object.fromEntries(Object.entries(documents).map(([name, { result }]) => [name, result]));
const warnings = Object.values(documents).flatMap((one) => one.warnings);
const run = {
  ...documents.host,
  schema: 'tscope/measure/1',
  warnings: [...new Map(warnings.map((warning) => [warning.code, warning])).values()],
  result: { quick: false, ...parts, skipped: [] },
};
writeFileSync(new URL('run.json', import.meta.url), `${JSON.stringify(run, thinned)}\n`);
