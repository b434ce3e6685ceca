import { defineConfig } from 'vitest/config';

// The room whose code is changed, and its own tests: a mutant that only an end-to-end test would notice counts as alive.
const room = process.env['MUTATED_ROOM'] ?? 'no-room';

export default defineConfig({
  test: {
    pool: 'forks',
    include: [`test/${room}/**/*.test.ts`, `test/${room}.test.ts`],
    testTimeout: 30_000,
  },
});
