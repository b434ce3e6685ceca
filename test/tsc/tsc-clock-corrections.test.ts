import { expect, test, vi } from 'vitest';
import { TscClock } from '../../src/tsc/tsc-clock.ts';

/** A counter of 1 GHz, and a kernel's clock that a test may set: nothing moves but what `pass` lets pass. */
const host = vi.hoisted(() => ({ tsc: 10_000_000_000n, aheadNs: 0n }));
vi.mock('../../src/native.ts', () => {
  const reach = (tsc: bigint) => {
    if (tsc > host.tsc) host.tsc = tsc;
    return true;
  };
  const addon = {
    createTscReader: (word: BigInt64Array) => () => {
      word[0] = host.tsc;
    },
    readBrackets: (_clock: number, _bySyscall: boolean, rows: BigInt64Array) => {
      for (let i = 0; i < rows.length; i += 4) rows.set([host.tsc, host.tsc + host.aheadNs, host.tsc, 0n], i);
    },
    sleepUntil: (ns: bigint) => reach(ns - host.aheadNs),
    spinUntilTsc: reach,
  };
  return { nativeWithTsc: () => addon };
});

const MS = 1_000_000n;
const pass = (ns: bigint): void => {
  host.tsc += ns;
};

/** A clock 20 ms after its start, when the kernel's was set by this much just before. */
function afterStep(stepNs: bigint): TscClock {
  const clock = new TscClock({ anchorEveryMs: 1000 });
  pass(20n * MS);
  host.aheadNs += stepNs;
  clock.anchor();
  clock.close();
  return clock;
}

/** How fast a clock runs, over a ms. */
function speedOf(clock: TscClock): number {
  const before = clock.now();
  pass(MS);
  return Number(clock.now() - before) / Number(MS);
}

test('a clock that is ahead of the kernel slows down, and to half its speed at most', () => {
  expect(speedOf(afterStep(-8n * MS))).toBeCloseTo(0.6, 5);
  expect(speedOf(afterStep(-9_900_000n))).toBeCloseTo(0.505, 5);
  expect(speedOf(afterStep(-12n * MS))).toBeCloseTo(0.5, 5);
});

test('one that is behind hurries to half as much again, and jumps where it is behind by more than an interval', () => {
  expect(speedOf(afterStep(8n * MS))).toBeCloseTo(1.4, 5);
  expect(speedOf(afterStep(12n * MS))).toBeCloseTo(1.5, 5);
  const behind = afterStep(20n * MS);
  expect(Number(behind.now() - (host.tsc + host.aheadNs))).toBe(-20e6);
  const jumped = afterStep(20n * MS + 1n);
  expect(Number(jumped.now() - (host.tsc + host.aheadNs))).toBe(0);
  expect(speedOf(jumped)).toBeCloseTo(1, 5);
});

test('an error of up to a thousandth of the interval is drift, and changes the rate; a larger one does not', () => {
  expect(afterStep(19_000n).hz).not.toBeCloseTo(1e9, -4);
  expect(afterStep(21_000n).hz).toBeCloseTo(1e9, -1);
});
