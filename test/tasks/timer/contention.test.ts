import { expect, test } from 'vitest';
import { contention, waitedForCpuNs } from '../../../src/tasks/timer/contention.ts';

test('the second figure of schedstat is the wait', () => {
  expect(waitedForCpuNs(() => '5000 700 3\n')).toBe(700);
  expect(waitedForCpuNs(() => '0 0 0\n')).toBe(0);
  expect(waitedForCpuNs(() => '')).toBeNull();
  expect(
    waitedForCpuNs(() => {
      throw new Error('ENOENT');
    }),
  ).toBeNull();
});

test('a tenth of the run is borne, more is named', () => {
  expect(contention(50, 50 + 1e8, 0, 1e9)).toEqual([]);
  expect(contention(50, 51 + 1e8, 0, 1e9)).toEqual([
    {
      code: 'cpu-shared',
      message:
        "The thread was ready to run for 100 ms of 1.00 s while its CPU did other work: late and missed ticks are that work's, not the timer's.",
      hint: 'Choose a CPU that nothing else runs on (--cpu), or a real-time priority (--priority 80).',
    },
  ]);
});

test('what a quota stopped is not counted twice; without the figures nothing is said', () => {
  expect(contention(0, 5e8, 4e8, 1e9)).toEqual([]);
  expect(contention(null, 5e8, 0, 1e9)).toEqual([]);
  expect(contention(0, null, 0, 1e9)).toEqual([]);
});
