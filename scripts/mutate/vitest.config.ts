import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// The room whose code is changed, and its own tests: a mutant that only an end-to-end test would notice counts as alive.
const room = process.env['MUTATED_ROOM'] ?? 'no-room';

/** The quick files first: the first test that fails ends a mutant's run. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { cache, config } = this.ctx;
    const ms = ({ project, moduleId }: TestSpecification) =>
      cache.getFileTestResults(`${project.name}:${relative(config.root, moduleId)}`)?.duration ?? 0;
    return files.toSorted((a, b) => ms(a) - ms(b));
  }
}

/** A room's tests of this host that stand in another folder. */
const OF_THE_HOST: Readonly<Record<string, string[]>> = { tsc: ['test/hardware/calibrate.test.ts'] };

export default defineConfig({
  test: {
    include: [`test/${room}/**/*.test.ts`, `test/${room}.test.ts`, ...(OF_THE_HOST[room] ?? [])],
    // Simulations of intervals take minutes with the mutants in the sources: what only they would notice counts as alive.
    // Processes that a test starts have no mutants at all.
    exclude: [
      'test/*/coverage.test.ts',
      'test/tsc/bent.test.ts',
      'test/store/faults.test.ts',
      'test/store/processes.test.ts',
      'test/store/trouble.test.ts',
    ],
    // One worker runs a mutant's test files and loads the sources once; not where a file puts others in their place (vi.mock).
    isolate: room === 'tsc',
    sequence: { sequencer: QuickFirst },
    execArgv: ['--import', new URL('../../test/load-typescript.mjs', import.meta.url).href],
    testTimeout: 300_000,
  },
});
