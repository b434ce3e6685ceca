import hdr from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { hdrForm, hdrText } from '../../src/report/hdr.ts';
import { Histogram } from '../../src/tasks/histogram.ts';

const span = { startedAt: new Date('2026-01-31T23:59:59.500Z'), durationNs: 2.5e9 };

/** Lateness as the task gives it. */
function bucketsOf(...values: number[]) {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return [...histogram.buckets()];
}

test("HdrHistogram's own reader gets every tick back, to 0.3 % (0.2 of the buckets, 0.1 of its own), with the time it was measured", async () => {
  const values = Array.from({ length: 5000 }, (_, i) => Math.round(1000 * 1.002 ** i));
  const max = values.at(-1) ?? 0;
  const log = await hdrText('hlog', bucketsOf(...values), max, span);
  expect(log.split('\n').slice(0, 4)).toEqual([
    '#[Lateness of timer ticks in ns, logged by tscope]',
    '#[Histogram log format version 1.3]',
    '#[StartTime: 1769903999.500 (seconds since epoch)]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ]);
  const reader = new hdr.HistogramLogReader(log);
  const read = reader.nextIntervalHistogram();
  if (read == null || !('totalCount' in read)) throw new Error('no histogram');
  expect(read.totalCount).toBe(5000);
  for (const share of [50, 90, 99, 99.9]) {
    const own = values[Math.ceil((share / 100) * 5000) - 1] ?? 0;
    expect(Math.abs(read.getValueAtPercentile(share) / own - 1)).toBeLessThan(0.003);
  }
  expect(reader.nextIntervalHistogram()).toBeNull();
});

test('the percentile distribution is in us, and an early tick counts as 0', async () => {
  const text = await hdrText('hgrm', bucketsOf(-500, 2000, 4000), 4000, span);
  expect(text.split('\n')[0]).toMatch(/^ +Value +Percentile +TotalCount 1\/\(1-Percentile\)$/);
  const rows = text.split('\n').flatMap((line) => {
    const row = /^ *([\d.]+) ([\d.]+) +(\d+)/.exec(line);
    return row === null ? [] : [[Number(row[1]), Number(row[3])]];
  });
  expect(rows[0]).toEqual([0, 1]);
  expect(rows.at(-1)?.[1]).toBe(3);
  expect(rows.at(-1)?.[0]).toBeCloseTo(4, 2);
});

test('without a tick there is a log all the same', async () => {
  const log = await hdrText('hlog', [], 0, span);
  expect(log.trimEnd().split('\n')).toHaveLength(5);
});

test('the name says the form', () => {
  expect(['a.hlog', 'A.HGRM'].map(hdrForm)).toEqual(['hlog', 'hgrm']);
  expect(() => hdrForm('latency.txt')).toThrow(
    "latency.txt is neither a .hlog (HdrHistogram's log) nor a .hgrm (its percentile distribution) by its name.",
  );
});

test('a stop of seconds is as exact as a late tick', async () => {
  const log = await hdrText(
    'hlog',
    bucketsOf(5_100_000_000, 5_200_000_000, 5_300_000_000),
    5_300_000_000,
    span,
  );
  const read = new hdr.HistogramLogReader(log).nextIntervalHistogram();
  if (read == null || !('totalCount' in read)) throw new Error('no histogram');
  expect(read.getValueAtPercentile(50) / 5.2e9).toBeCloseTo(1, 2);
});
