import { expect, test } from 'vitest';
import { interruptShare, parseSystemCpu } from '../../src/kvm/host.ts';

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
});
