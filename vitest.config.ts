import { defineConfig } from 'vitest/config';

// Tests that measure nothing and wait for nobody: two of their files run at once.
const FOLDERS = 'cli|clock|host|lapic|records|report|schema|stability|store|tsc';
const COMMANDS = 'report|report-page|stability-page';
const pure = ['test/*.test.ts', `test/@(${FOLDERS})/**/*.test.ts`, `test/e2e/@(${COMMANDS}).test.ts`];
const machine = [`test/!(${FOLDERS}|e2e)/**/*.test.ts`, `test/e2e/!(${COMMANDS}).test.ts`];

export default defineConfig({
  test: {
    // vmThreads and worker threads break native error checks and process-wide settings.
    pool: 'forks',
    // A worker or child that the sources start runs the sources too.
    execArgv: ['--import', new URL('./test/load-typescript.mjs', import.meta.url).href],
    testTimeout: 30_000,
    // An agent and a browser that has not run before, on a busy machine.
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html'] },
    projects: [
      { extends: true, test: { name: 'pure', include: pure, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: 'machine', include: machine, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
