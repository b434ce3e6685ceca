// Stryker's plugin for a random sample: its checkers sort out mutants before these are run, and this one all but MUTANTS of
// them. The same seed draws the same mutants as long as their files stay as they are.
import { createHash } from 'node:crypto';

const size = Number(process.env.MUTANTS);
const seed = process.env.MUTATION_SEED;

const lot = ({ fileName, location, mutatorName, replacement }) =>
  createHash('sha256')
    .update(JSON.stringify([seed, fileName.slice(process.cwd().length), location, mutatorName, replacement]))
    .digest('hex');

const sample = {
  async init() {},
  // All in one group, so that `check` sees them together.
  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  },
  async check(mutants) {
    const drawn = mutants.map((mutant) => ({ id: mutant.id, lot: lot(mutant) }));
    drawn.sort((a, b) => (a.lot < b.lot ? -1 : 1));
    return Object.fromEntries(
      drawn.map(({ id }, place) => [
        id,
        place < size ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' },
      ]),
    );
  },
};

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', factory: () => sample }];
