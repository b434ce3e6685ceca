import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const all = join(import.meta.dirname, '../../scripts/bench/all.mjs');
const bench = (...words: string[]) => spawnSync(process.execPath, [all, ...words], { encoding: 'utf8' });

// What a benchmark finds is of the machine; that it still runs is of the code that it calls.
test.each(['lapic', 'reading', 'stability', 'stop', 'store'])('the benchmark %s runs to its end', (name) => {
  const { status, stdout, stderr } = bench('--quick', name);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split(`== ${name}\n`)[1]?.trim().split('\n').length).toBeGreaterThan(2);
});

test('a benchmark that there is not is named, with those that there are', () => {
  const { status, stderr } = bench('--quick', 'laptic');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^bench: there is no benchmark laptic; there are agent, .*lapic.*\.\n$/);
});
