// npm run test:mutate -- [--sample N] [--seed S] [ROOM...]: changes the code of a room in many small ways and counts which
// its own tests notice. Figures: scripts/mutate/README.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { draw } from './sample.mjs';

const root = join(import.meta.dirname, '../..');
const ROOMS = ['lapic', 'tsc', 'stability', 'kvm', 'store', 'report', 'records', 'clock', 'statistics'];
/** Share of the mutants that must be noticed, in per cent. */
const LEAST = { lapic: 95 };
const LEAST_ELSEWHERE = 80;

const { values, positionals } = parseArgs({
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const rooms = positionals.length > 0 ? positionals : ROOMS;
const unknown = rooms.filter(
  (room) => !existsSync(join(root, 'src', room)) && !existsSync(join(root, 'src', `${room}.ts`)),
);
if (unknown.length > 0) fail(`no such room: ${unknown.join(', ')}; rooms are ${ROOMS.join(', ')}`);
if (values.sample !== undefined && !/^[1-9]\d*$/.test(values.sample))
  fail(`--sample ${values.sample}: a number of mutants, 1 or more`);

for (const room of rooms) {
  const folder = join(root, 'build/mutation', room);
  const report = join(folder, 'mutation.json');
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const sample = join(folder, 'sample.json');
  const drawn =
    values.sample === undefined
      ? null
      : await draw(root, sourcesOf(room), Number(values.sample), values.seed, sample);
  const config = {
    testRunner: 'vitest',
    vitest: { configFile: 'scripts/mutate/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', join(import.meta.dirname, 'sample.mjs')],
    checkers: drawn === null ? [] : ['sample'],
    mutate: drawn?.ranges ?? sourcesOf(room).map((path) => relative(root, path)),
    ignorePatterns: ['build/*', '!build/Release', 'dist', 'prebuilds', 'coverage', 'tscope-runs'],
    disableTypeChecks: false,
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    concurrency: 1,
    dryRunTimeoutMinutes: 20,
    // What loops forever is told by how often it is run; a machine that is busy is no mutant noticed.
    timeoutMS: 10_000,
    reporters: ['progress-append-only', 'clear-text', 'json', 'html'],
    clearTextReporter: { reportTests: false, allowColor: false, reportScoreTable: false },
    jsonReporter: { fileName: report },
    htmlReporter: { fileName: join(folder, 'mutation.html') },
    tempDirName: join(folder, 'tmp'),
  };
  const file = join(folder, 'stryker.json');
  writeFileSync(file, JSON.stringify(config, null, 2));
  const { status, signal } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', file],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, MUTATED_ROOM: room, MUTATION_SAMPLE: sample },
    },
  );
  if (!existsSync(report)) fail(`${room}: Stryker ended before its time (${signal ?? status})`);
  const least = LEAST[room] ?? LEAST_ELSEWHERE;
  if (print(room, JSON.parse(readFileSync(report, 'utf8')), drawn?.all) < least) {
    console.log(`${room}: at least ${least} % must be noticed`);
    process.exitCode = 1;
  }
}

/** Its sources. */
function sourcesOf(room) {
  const folder = join(root, 'src', room);
  if (!existsSync(folder)) return [`${folder}.ts`];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(folder, name));
}

/** Prints the score of a room and of its files; returns the room's, in per cent. @param all mutants of a sampled room. */
function print(room, { files }, all) {
  const total = { noticed: 0, tried: 0 };
  for (const [name, { mutants }] of Object.entries(files)) {
    const count = (...states) => mutants.filter(({ status }) => states.includes(status)).length;
    const noticed = count('Killed', 'Timeout');
    const tried = noticed + count('Survived', 'NoCoverage');
    total.noticed += noticed;
    total.tried += tried;
    if (tried > 0) console.log(`${String(noticed).padStart(5)} of ${String(tried).padEnd(5)} ${name}`);
  }
  const score = (100 * total.noticed) / total.tried;
  const sampled = all === undefined ? '' : `, a random sample (seed ${values.seed}) of ${all}`;
  const [low, high] = wilson(total.noticed, total.tried).map((share) => (100 * share).toFixed(1));
  const interval = sampled === '' ? '' : ` (95 % interval ${low} to ${high} %)`;
  console.log(`${room}: ${score.toFixed(1)} %${interval} of ${total.tried} mutants${sampled}`);
  return score;
}

/** 95 % interval of a share of which `hits` of `tries` were seen (Wilson 1927). */
function wilson(hits, tries) {
  const z = 1.96;
  const middle = (hits + z ** 2 / 2) / (tries + z ** 2);
  const half = (z / (tries + z ** 2)) * Math.sqrt((hits * (tries - hits)) / tries + z ** 2 / 4);
  return [middle - half, middle + half];
}

function fail(why) {
  console.error(`test:mutate: ${why}`);
  process.exit(2);
}
