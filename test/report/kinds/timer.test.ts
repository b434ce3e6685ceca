import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timerText } from '../../../src/report/kinds/timer.ts';
import type { TimerResult } from '../../../src/schema/timer.ts';
import { Histogram } from '../../../src/tasks/histogram.ts';
import { latenessOf, spreadOf } from '../../../src/tasks/timer/lateness.ts';

function resultOf(values: readonly number[]): TimerResult {
  const lateness = new Histogram();
  for (const value of values) lateness.record(value);
  return {
    policy: 'clamp',
    backend: 'hrtimer',
    backendAfter: 'sw',
    periodNs: 1e6,
    durationNs: 1e9,
    ticks: values.length,
    missed: 0,
    stops: 0,
    stopForNs: 0,
    latenessNs: latenessOf(lateness),
    histogram: spreadOf(lateness),
    cyclictest: null,
    divergence: null,
    guestTscKhz: 2_600_000,
  };
}

/** The ticks of the printed bars. */
const printed = (text: string): number[] =>
  [...text.matchAll(/ to +-?[\d.,]+ \w+ +([\d,]+) +#/g)].map(([, count = '0']) =>
    Number(count.replace(/,/g, '')),
  );

test('the printed bars hold every tick, and fit a screen', () => {
  const late = fc.array(fc.integer({ min: -100_000, max: 2_000_000_000 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(late, (values) => {
      const text = timerText(resultOf(values));
      expect(printed(text).reduce((sum, count) => sum + count, 0)).toBe(values.length);
      expect(text.split('\n').length).toBeLessThan(60);
    }),
  );
});

test('a tick or a thousand, the longest bar is as long', () => {
  for (const count of [1, 1000]) {
    const text = timerText(resultOf(Array.from({ length: count }, () => 31_000)));
    expect(text).toMatch(new RegExp(` ${count === 1 ? '1' : '1,000'}  #{50}$`, 'm'));
  }
});

test('no tick, no table', () => {
  expect(timerText(resultOf([]))).toMatch(/: 0 ticks, 0 missed\.$/);
});
