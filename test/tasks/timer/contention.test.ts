import { describe, expect, test } from 'vitest';
import { contention, gaveWay, waitedForCpuNs } from '../../../src/tasks/timer/contention.ts';
import { type TimerOptions, timerDefaults } from '../../../src/tasks/timer/options.ts';

test('the second figure of schedstat is the wait', () => {
  expect(waitedForCpuNs(() => '5000 700 3\n')).toBe(700);
  expect(waitedForCpuNs(() => '0 0 0\n')).toBe(0);
  expect(waitedForCpuNs(() => '')).toBeNull();
  expect(waitedForCpuNs(() => null)).toBeNull();
});

test('a tenth of the run is borne, more is named', () => {
  expect(contention(50, 50 + 1e8, 0, 1e9)).toEqual([]);
  expect(contention(50, 51 + 1e8, 0, 1e9)).toEqual([
    {
      code: 'cpu-shared',
      message:
        "The thread was ready to run for 100 ms of 1.00 s while its CPU did other work: late and missed ticks are that work's, not the timer's.",
      hint: 'Choose a CPU that nothing else runs on (`cpu`), or a real-time priority (`priority` 80).',
    },
  ]);
});

test('what a quota stopped is not counted twice; without the figures nothing is said', () => {
  expect(contention(0, 5e8, 4e8, 1e9)).toEqual([]);
  expect(contention(null, 5e8, 0, 1e9)).toEqual([]);
  expect(contention(0, null, 0, 1e9)).toEqual([]);
});

describe('a spinning real-time thread that the kernel made give way', () => {
  const options: TimerOptions = { ...timerDefaults, backend: 'tsc', quiet: { cpu: null, priority: 80 } };

  test('a tick is late by 5 ms', () => {
    expect(gaveWay(options, 4_999_999)).toEqual([]);
    expect(gaveWay(options, 5_000_000)).toEqual([
      {
        code: 'spinning-thread-throttled',
        message:
          'Ticks were up to 5.00 ms late: the kernel gives waiting threads up to 50 ms of each second that a SCHED_FIFO thread spins.',
        hint: 'Use `backend` hybrid, a CPU that nothing else runs on, or sysctl kernel.sched_rt_runtime_us=-1.',
      },
    ]);
  });

  test('not one that sleeps, nor one without a priority', () => {
    expect(gaveWay({ ...options, backend: 'hybrid' }, 1e9)).toEqual([]);
    expect(gaveWay({ ...options, quiet: { cpu: null, priority: 0 } }, 1e9)).toEqual([]);
  });
});
