// A random sample of a room's mutants. Only what is in it is instrumented, so that the tests run nearly as fast as without
// mutants. Its checker (Stryker asks one before it runs a mutant) sorts out what else lies within the same lines.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

const file = process.env.MUTATION_SAMPLE;

/** What names a mutant, by its file as the project or Stryker's copy of it has it. */
const nameOf = (path, { location, mutatorName, replacement }) =>
  JSON.stringify([path.slice(path.lastIndexOf('/src/') + 1), location, mutatorName, replacement]);

/**
 * Draws `size` mutants, the same ones for the same seed as long as their files stay as they are, and writes their names to
 * `sample`.
 *
 * @returns their ranges, as Stryker's `mutate` takes them, and how many there are in all.
 */
export async function draw(root, paths, size, seed, sample) {
  const logger = { debug() {}, info() {}, isDebugEnabled: () => false };
  const files = paths.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }));
  const options = { plugins: null, excludedMutations: [], ignorers: [] };
  const { mutants } = await new Instrumenter(logger).instrument(files, options);
  const drawn = mutants
    .map((mutant) => {
      const name = nameOf(mutant.fileName, mutant);
      return { mutant, name, lot: createHash('sha256').update(seed).update(name).digest('hex') };
    })
    .toSorted((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, size);
  writeFileSync(sample, JSON.stringify(drawn.map(({ name }) => name)));
  // Lines count from 1 there, and from 0 here.
  const ranges = drawn.map(({ mutant: { fileName, location } }) => {
    const [from, to] = [location.start, location.end].map(({ line, column }) => `${line + 1}:${column}`);
    return `${relative(root, fileName)}:${from}-${to}`;
  });
  return { ranges, all: mutants.length };
}

const checker = {
  async init() {},
  // All in one group, so that `check` sees them together.
  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  },
  async check(mutants) {
    const sample = new Set(JSON.parse(readFileSync(file, 'utf8')));
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        sample.has(nameOf(mutant.fileName, mutant))
          ? { status: 'passed' }
          : { status: 'compileError', reason: 'not in the sample' },
      ]),
    );
  },
};

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', factory: () => checker }];
