import { afterEach, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { collectGarbage, pinTo, quietThread } from '../../src/tasks/quiet-thread.ts';

const cpus = native().getAffinity();
const slack = native().getTimerSlack();

afterEach(() => {
  native().setAffinity(cpus);
  native().setTimerSlack(slack);
  native().setFifoPriority(0);
});

test('an ordinary thread gets 1 ns of timer slack and nothing that needs a right', () => {
  expect(quietThread({ cpu: null, priority: 0 })).toEqual([]);
  expect(native().getTimerSlack()).toBe(1);
  expect(native().getAffinity()).toEqual(cpus);
});

test('a pinned thread stays where it was told', () => {
  const [cpu = 0] = cpus;
  quietThread({ cpu, priority: 0 });
  expect(native().getAffinity()).toEqual([cpu]);
});

test('a CPU that is not allowed is refused with those that are', () => {
  expect(() => pinTo(60_000)).toThrow(`it may on ${cpus.join(', ')}.`);
});

test('SCHED_FIFO is had, or its lack is a warning that names the cost', () => {
  const warnings = quietThread({ cpu: null, priority: 10 });
  for (const warning of warnings) {
    expect(warning.code).toBe('no-realtime');
    expect(warning.message).toMatch(/delay this thread/);
  }
});

test('garbage is collected at once, in a process that was not started for it', () => {
  let lost: WeakRef<object> | null = null;
  (() => {
    lost = new WeakRef({ a: new Array(1000).fill(0) });
  })();
  // A WeakRef holds its target until the end of the turn in which it was made.
  return new Promise<void>((resolve) => {
    setTimeout(() => {
      collectGarbage();
      expect((lost as WeakRef<object> | null)?.deref()).toBeUndefined();
      resolve();
    }, 0);
  });
});
