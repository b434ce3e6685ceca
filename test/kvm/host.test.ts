import { expect, test } from 'vitest';
import { idlestOf, interruptShare, parseIdle, parseSystemCpu } from '../../src/kvm/host.ts';

const STAT = 'cpu  100 5 50 800 20 7 13 5 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n';

test('irq and softirq out of all time; the time of guests is inside that of user', () => {
  expect(parseSystemCpu(STAT)).toEqual({ interrupt: 20, total: 1000 });
  expect(parseSystemCpu('cpu  1 2 3\n')).toBeNull();
  expect(parseSystemCpu('')).toBeNull();
});

test('the share between two readings; unknown is null, never 0', () => {
  const at = (interrupt: number, total: number) => ({ interrupt, total });
  expect(interruptShare(at(10, 100), at(30, 200))).toBe(0.2);
  expect(interruptShare(at(10, 100), at(10, 100))).toBeNull();
  expect(interruptShare(null, at(1, 2))).toBeNull();
  expect(interruptShare(at(1, 2), null)).toBeNull();
  // Idle time goes back where a CPU goes offline.
  expect(interruptShare(at(10, 100), at(10, 99))).toBeNull();
});

test('the idlest CPU is the one whose idle time grew most, the last of equals', () => {
  const before = parseIdle('cpu  9 9 9 9 9\ncpu0 100 5 50 800 20 7\ncpu1 1 1 1 500 0 1\nintr 5\n');
  expect([...before]).toEqual([
    [0, 820],
    [1, 500],
  ]);
  expect(parseIdle('cpu12 1  22  333  4444  55 6\n').get(12)).toBe(4499);
  const after = (zero: number, one: number) =>
    new Map([
      [0, 820 + zero],
      [1, 500 + one],
    ]);
  expect(idlestOf([0, 1], before, after(9, 8))).toBe(0);
  expect(idlestOf([0, 1], before, after(8, 8))).toBe(1);
  expect(idlestOf([0], before, after(0, 9))).toBe(0);
});
