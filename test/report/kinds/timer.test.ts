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

test('bars of one width are printed as cyclictest prints them, in the place of the drawn ones; all else is a comment', () => {
  const bars = { widthNs: 500, counts: [0, 2, 1], early: 1, beyond: 1 };
  const text = timerText({ ...resultOf([-20, 700, 800, 1200, 7_000_000]), bars });
  expect(printed(text)).toEqual([]);
  expect(text.split('\n').filter((line) => !/^(?:#|[\d.]+ \d+$)/.test(line))).toEqual([]);
  expect(text).toMatch(/^# Every 1 ms for .*: 5 ticks, 0 missed\.\n#\n# lateness +ticks /);
  expect(text.slice(text.indexOf('# Histogram')).split('\n')).toEqual([
    '# Histogram',
    '000000 000000',
    '000000.5 000002',
    '000001 000001',
    '# Total: 000000003',
    '# Min Latencies: -0001',
    '# Avg Latencies: 01400',
    '# Max Latencies: 07000',
    '# Histogram Overflows: 00001',
    '# Early: 00001',
  ]);
});
