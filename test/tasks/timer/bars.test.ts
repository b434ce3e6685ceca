import { expect, test } from 'vitest';
import { Bars } from '../../../src/tasks/timer/bars.ts';

const counted = (widthNs: number, ...latenessNs: number[]) => {
  const bars = new Bars(widthNs);
  for (const late of latenessNs) bars.note(late);
  return bars.result();
};

test('a bar holds its lower bound and not its upper one; empty ones between are kept', () => {
  expect(counted(1000, 0, 999, 1000, 3999)).toEqual({
    widthNs: 1000,
    counts: [2, 1, 0, 1],
    early: 0,
    beyond: 0,
  });
});

test('what is early and what is beyond ten thousand bars is counted apart', () => {
  expect(counted(1000, -1, 9_999_999, 10_000_000)).toMatchObject({ early: 1, beyond: 1 });
  expect(counted(1000, 9_999_999).counts).toHaveLength(10_000);
});

test('no tick, no bar', () => {
  expect(counted(1000)).toEqual({ widthNs: 1000, counts: [], early: 0, beyond: 0 });
});
