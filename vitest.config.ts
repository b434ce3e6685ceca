import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // vmThreads and worker threads break native error checks and process-wide settings.
    pool: 'forks',
    // A worker or child that the sources start runs the sources too.
    execArgv: ['--import', new URL('./test/load-typescript.mjs', import.meta.url).href],
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // An agent and a browser that has not run before, on a busy machine.
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html'] },
  },
});
