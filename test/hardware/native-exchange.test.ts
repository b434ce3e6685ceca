import { expect, test } from 'vitest';
import { nativeWithTsc } from '../../src/native.ts';

const addon = nativeWithTsc();
const allowed = addon.getAffinity();

test.runIf(allowed.length > 1)('two CPUs exchange their TSCs, in order and in time', () => {
  const rows = new BigInt64Array(3 * 256);
  addon.setAffinity(allowed.slice(0, 1));
  try {
    // A busy host may keep the other thread away for a try; the rows are those of the last one.
    let done = 0;
    for (let tries = 0; tries < 3 && done === 0; tries++) done = addon.exchangeTsc(allowed[1] ?? 0, rows);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThanOrEqual(256);
    for (let i = 3; i < 3 * 8 && i < 3 * done; i += 3) {
      expect((rows[i] ?? 0n) > (rows[i - 1] ?? 0n)).toBe(true);
      expect((rows[i + 2] ?? 0n) > (rows[i] ?? 0n)).toBe(true);
    }
  } finally {
    addon.setAffinity(allowed);
  }
});

test('an exchange with the own CPU, or with one that is not there, ends soon', () => {
  const rows = new BigInt64Array(3 * 4);
  const begin = performance.now();
  addon.setAffinity(allowed.slice(0, 1));
  try {
    expect(addon.exchangeTsc(allowed[0] ?? 0, rows)).toBeLessThanOrEqual(4);
  } finally {
    addon.setAffinity(allowed);
  }
  expect(performance.now() - begin).toBeLessThan(2_000);
  expect(() => addon.exchangeTsc(8191, rows)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('memory that is not there is an error and no crash', () => {
  const word = new BigInt64Array(1);
  for (const address of [0n, 8n, 2n ** 63n, 2n ** 64n - 8n]) {
    expect(() => addon.peek(address, word)).toThrow(expect.objectContaining({ code: 'EFAULT' }));
  }
  expect(() => addon.peek(0n, new BigInt64Array(513))).toThrow(expect.objectContaining({ code: 'E2BIG' }));
});

test('the bound reader fills its word, and goes forward', () => {
  const word = new BigInt64Array(new SharedArrayBuffer(8));
  const read = addon.createTscReader(word);
  read();
  const first = word[0] ?? 0n;
  read();
  expect((word[0] ?? 0n) > first).toBe(true);
});

test('the perf page is read, or its refusal has a code', () => {
  const words = new BigInt64Array(3);
  try {
    addon.readPerfTime(words);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/^E[A-Z]+$/);
    return;
  }
  if (words[0] === 1n) expect((words[1] ?? 0n) > 0n).toBe(true);
});
