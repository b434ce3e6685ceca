// npm run test:mutate -- ROOM...: changes the code of a room in many small ways and counts which its own tests notice.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const ROOMS = ['lapic', 'tsc', 'stability', 'kvm', 'store', 'report', 'records', 'clock', 'statistics'];
/** Share of the mutants that must be noticed, in per cent. */
const LEAST = { lapic: 95 };
const LEAST_ELSEWHERE = 80;

const rooms = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ROOMS;
const unknown = rooms.filter(
  (room) => !existsSync(join(root, 'src', room)) && !existsSync(join(root, 'src', `${room}.ts`)),
);
if (unknown.length > 0) {
  console.error(`test:mutate: no such room: ${unknown.join(', ')}; rooms are ${ROOMS.join(', ')}`);
  process.exit(2);
}

let failed = false;
for (const room of rooms) {
  const least = LEAST[room] ?? LEAST_ELSEWHERE;
  const folder = join(root, 'build/mutation', room);
  mkdirSync(folder, { recursive: true });
  const config = {
    testRunner: 'vitest',
    vitest: { configFile: 'scripts/mutate/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    mutate: existsSync(join(root, 'src', room)) ? [`src/${room}/**/*.ts`] : [`src/${room}.ts`],
    ignorePatterns: ['build/emulated-intel', 'build/mutation', 'coverage', 'tscope-runs'],
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    concurrency: 2,
    reporters: ['clear-text', 'json', 'html'],
    clearTextReporter: { reportTests: false, allowColor: false },
    jsonReporter: { fileName: join(folder, 'mutation.json') },
    htmlReporter: { fileName: join(folder, 'mutation.html') },
    thresholds: { high: least, low: least, break: least },
    tempDirName: join(root, 'build/mutation/tmp'),
  };
  const file = join(folder, 'stryker.json');
  writeFileSync(file, JSON.stringify(config, null, 2));
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', file],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, MUTATED_ROOM: room },
    },
  );
  if (status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
