import { defineConfig } from 'vitest/config';

/** Tests that measure nothing and wait for nobody: two of their files run at once. */
const pure = [
  'test/*.test.ts',
  'test/{cli,clock,host,lapic,records,report,schema,stability,store,tsc}/**/*.test.ts',
  'test/e2e/{refusals,report,stability-page,report-page}.test.ts',
];
const machine = ['test/**/*.test.ts', ...pure.map((path) => `!${path}`)];

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
