import { expect, test } from 'vitest';
import { native } from '../../src/native.ts';

const addon = native();
const before = addon.getAffinity();
const array = (length: number) => new BigInt64Array(length);

function detached(): BigInt64Array {
  const words = array(8);
  structuredClone(words.buffer, { transfer: [words.buffer] });
  return words;
}

// What a caller without types could pass.
const call = (name: keyof typeof addon, ...args: unknown[]) => {
  const method = addon[name] as (...args: unknown[]) => unknown;
  return () => method(...args);
};

test.each([
  ['leaf', call('cpuid')],
  ['leaf', call('cpuid', -1, 0)],
  ['leaf', call('cpuid', 2 ** 32, 0)],
  ['leaf', call('cpuid', 0.5, 0)],
  ['leaf', call('cpuid', Number.NaN, 0)],
  ['leaf', call('cpuid', '0', 0)],
  ['subleaf', call('cpuid', 0, 1n)],
  ['out', call('rdtscp')],
  ['out', call('rdtscp', new Float64Array(2))],
  ['out', call('rdtscp', new BigUint64Array(2))],
  ['out', call('rdtscp', array(1))],
  ['out', call('rdtscp', detached())],
  ['pair', call('createPairReader', array(2))],
  ['pair', call('createPairReader', new BigInt64Array(new SharedArrayBuffer(8)))],
  ['pair', call('createPairReader', null)],
  ['word', call('createTscReader', array(1))],
  ['word', call('createTscReader')],
  ['cpu', call('exchangeTsc', -1, array(3))],
  ['cpu', call('exchangeTsc', 8192, array(3))],
  ['out', call('exchangeTsc', 0, array(4))],
  ['out', call('exchangeTsc', 0, detached())],
  ['out', call('readPerfTime', array(2))],
  ['address', call('peek', 1, array(1))],
  ['address', call('peek', -1n, array(1))],
  ['out', call('peek', 0n, detached())],
  ['clockId', call('readBrackets', 2 ** 31, false, array(4))],
  ['clockId', call('readBrackets', 1n, false, array(4))],
  ['bySyscall', call('readBrackets', 1, 0, array(4))],
  ['out', call('readBrackets', 1, false, array(3))],
  ['out', call('readBrackets', 1, false, array(0))],
  ['out', call('readBrackets', 1, false, detached())],
  ['out', call('readBrackets', 1, false, [0n, 0n, 0n, 0n])],
  ['clockId', call('clockResolution', 'monotonic')],
  ['ktime', call('sleepUntil', 1, array(2))],
  ['ktime', call('sleepUntil', -1n, array(2))],
  ['ktime', call('sleepUntil', 2n ** 63n, array(2))],
  ['out', call('sleepUntil', 1n, detached())],
  ['tsc', call('spinUntilTsc', -1n, array(2))],
  ['tsc', call('spinUntilTsc', 2n ** 64n, array(2))],
  ['spinNs', call('sleepThenSpin', 1n, 1e9, array(2))],
  ['cpus', call('setAffinity', [])],
  ['cpus', call('setAffinity', [-1])],
  ['cpus', call('setAffinity', ['0'])],
  ['cpus', call('setAffinity', 0)],
  ['priority', call('setFifoPriority', 100)],
  ['ns', call('setTimerSlack', -1)],
  ['ns', call('setSlice', 99_999)],
  ['ns', call('setSlice', 100_000_001)],
  ['cpus', call('setAffinity', new Array(8193).fill(0))],
  ['cpus', call('setAffinity', new Array(2 ** 32 - 1))],
  ['out', call('readBrackets', 1, false, array(4 * 65_537))],
  ['code', call('exitNow', -1)],
  ['code', call('exitNow', 256)],
])('a wrong %s is refused by name', (name, attempt) => {
  expect(attempt).toThrow(new RegExp(`^\\w+: ${name} must be `));
});

test('a refused system call says which, and why', () => {
  expect(call('readBrackets', 99, false, array(4))).toThrow(
    expect.objectContaining({ code: 'EINVAL', syscall: 'clock_gettime' }),
  );
  expect(call('setAffinity', [8000])).toThrow(
    expect.objectContaining({ code: 'EINVAL', syscall: 'sched_setaffinity' }),
  );
});

test('a getter that throws is heard, and nothing was set', () => {
  const cpus = [0, 0];
  Object.defineProperty(cpus, 1, {
    get: () => {
      throw new Error('from a getter');
    },
  });
  expect(call('setAffinity', cpus)).toThrow('from a getter');
  expect(addon.getAffinity()).toEqual(before);
});

test('a getter that lengthens or shortens its array ends within the bounds', () => {
  const growing: number[] = [];
  const grow = () => {
    Object.defineProperty(growing, growing.length, { get: grow, configurable: true });
    return 0;
  };
  grow();
  expect(call('setAffinity', growing)).toThrow(/cpus must be an array of 1 to 8192 entries/);
  const shrinking = [0, 0];
  Object.defineProperty(shrinking, 0, {
    get: () => {
      shrinking.length = 1;
      return 0;
    },
  });
  expect(call('setAffinity', shrinking)).not.toThrow();
  addon.setAffinity(before);
});

test('the most rows of one call are read', () => {
  const rows = array(4 * 65_536);
  addon.readBrackets(1, false, rows);
  expect(rows.at(-3)).toBeGreaterThan(0n);
});

test('getters on an array cannot smuggle anything past the checks', () => {
  const cpus = [0];
  Object.defineProperty(cpus, 0, { get: () => 2 ** 40 });
  expect(call('setAffinity', cpus)).toThrow(/cpus must be/);
});
