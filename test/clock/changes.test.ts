import { expect, test } from 'vitest';
import { NameWatch, OffsetWatch } from '../../src/clock/changes.ts';

test('bounds that have a value in common are no jump, and narrow what is known', () => {
  const watch = new OffsetWatch();
  expect([watch.push(-10, 10), watch.push(5, 30), watch.push(10, 11)]).toEqual([0, 0, 0]);
  // The offset can only have been 10 so far.
  expect(watch.push(10.5, 12)).toBe((10.5 + 12 - 10 - 10) / 2);
});

test('a jump is the distance of the middles, and the watch goes on from there', () => {
  const watch = new OffsetWatch();
  watch.push(-1, 1);
  expect(watch.push(999, 1001)).toBe(1000);
  expect(watch.push(999, 1001)).toBe(0);
  expect(watch.push(-1, 1)).toBe(-1000);
});

test('a name that is not known changes nothing', () => {
  const watch = new NameWatch();
  expect(['tsc', null, 'tsc', 'hpet', null, 'tsc'].map((name) => watch.push(name))).toEqual([
    null,
    null,
    null,
    { from: 'tsc', to: 'hpet' },
    null,
    { from: 'hpet', to: 'tsc' },
  ]);
});
