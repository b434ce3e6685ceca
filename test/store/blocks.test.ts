import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  appendSamples,
  BLOCK_SAMPLES,
  countSamples,
  deleteSamplesBefore,
  extentOf,
  mergeSamples,
  readSamples,
  type Sample,
  samplesIn,
  samplesOf,
} from '../../src/store/samples.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const { store, run } = storeWithSeries(join(temporaryFolder(), 'a.db'));
let clocks = 0;
const fresh = () => addTsc(store, run, `clock-${clocks++}`);
const all = (series: number) => samplesOf(store, series, -(2n ** 62n), 1e7);
const blocks = (series: number) =>
  store.connection
    .all('SELECT count FROM block WHERE series = ? ORDER BY at', BigInt(series))
    .map(([n]) => n);

test('samples that come one by one are put into blocks of 1024 once there are 1280', () => {
  expect(BLOCK_SAMPLES).toBe(1024);
  const series = fresh();
  const samples = ramp(1281, SECOND);
  for (const sample of samples.slice(0, 1279)) appendSamples(store, [[series, sample]]);
  expect(blocks(series)).toEqual([]);
  for (const sample of samples.slice(1279)) appendSamples(store, [[series, sample]]);
  expect(blocks(series)).toEqual([1024n]);
  expect(all(series)).toEqual(samples);
});

test('a batch goes into blocks at once; a late sample finds its place among them, once', () => {
  const series = fresh();
  const samples = ramp(3000, SECOND);
  appendSamples(store, batchOf(series, samples));
  expect(blocks(series)).toEqual([1024n, 1024n, 952n]);
  const late = { atNs: T0 + 500n * SECOND + 1n, offsetNs: 7, windowNs: 1 };
  appendSamples(store, [[series, late]]);
  expect(all(series)).toEqual(samples.toSpliced(501, 0, late));
  expect(() => appendSamples(store, [[series, late]])).toThrow(
    expect.objectContaining({ code: 'STORE_REPEATED' }),
  );
  expect(() => appendSamples(store, [[series, { ...late, atNs: T0 }]])).toThrow(
    'a sample of that time already',
  );
  expect(countSamples(store, BigInt(series))).toBe(3001);
  expect(extentOf(store, BigInt(series))).toEqual({
    firstAtNs: T0,
    lastAtNs: T0 + 2999n * SECOND,
  });
});

const ORDERS: ReadonlyArray<[string, (samples: readonly Sample[]) => Sample[]]> = [
  ['newest first', (samples) => samples.toReversed()],
  ['in order but for the oldest, which comes last', ([oldest, ...others]) => others.concat(oldest ?? [])],
  [
    'in order but for the newest, which comes first',
    (samples) => [...samples.slice(-1), ...samples.slice(0, -1)],
  ],
];

test.each(ORDERS.flatMap(([name, order]) => [3, 1500].map((count) => [count, name, order] as const)))(
  '%i samples of one append, %s, come to lie in order among those in blocks',
  (count, _, order) => {
    const series = fresh();
    const stored = ramp(1100, 2n * SECOND);
    appendSamples(store, batchOf(series, stored));
    const between = ramp(count, 2n * SECOND, T0 + SECOND);
    appendSamples(store, batchOf(series, order(between)));
    expect(all(series)).toEqual([...stored, ...between].sort((x, y) => Number(x.atNs - y.atNs)));
    expect(countSamples(store, BigInt(series))).toBe(1100 + count);
  },
);

test('after a sample that is a year ahead, the others still come to lie in full blocks', () => {
  const series = fresh();
  const ahead = { atNs: T0 + 31_536_000n * SECOND, offsetNs: 0, windowNs: 1 };
  const samples = ramp(4000, SECOND);
  appendSamples(store, [[series, ahead]]);
  for (let from = 0; from < samples.length; from += 50) {
    appendSamples(store, batchOf(series, samples.slice(from, from + 50)));
  }
  expect(blocks(series)).toEqual([1024n, 1024n, 1024n]);
  expect(all(series)).toEqual([...samples, ahead]);
});

test('a block spans at most what a double can say of its times', () => {
  const series = fresh();
  const apart = 2n ** 51n + 1n;
  const samples = ramp(1300, apart, 0n);
  appendSamples(store, batchOf(series, samples));
  expect(all(series)).toEqual(samples);
  expect(blocks(series).slice(0, 2)).toEqual([4n, 4n]);
});

const times = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 400 });

test('however samples come in, they are read back in order, each once, the first of a time', () => {
  fc.assert(
    fc.property(
      fc.array(times, { maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(5000),
      fc.nat(5000),
      (batches, scale, a, b) => {
        const series = fresh();
        const expected = new Map<bigint, Sample>();
        for (const [k, batch] of batches.entries()) {
          // Several samples a place, so that batches are larger than blocks as well.
          const ascending = batch
            .flatMap((at) => Array.from({ length: scale }, (_, i) => at * scale + i))
            .sort((x, y) => x - y)
            .map((at) => ({ atNs: T0 + BigInt(at), offsetNs: at + k / 10, windowNs: k }));
          const before = expected.size;
          for (const sample of ascending) if (!expected.has(sample.atNs)) expected.set(sample.atNs, sample);
          const added = store.transaction(() => mergeSamples(store, BigInt(series), ascending));
          expect(added).toBe(expected.size - before);
        }
        const ordered = [...expected.values()].sort((x, y) => Number(x.atNs - y.atNs));
        expect(all(series)).toEqual(ordered);
        const [from, to] = [T0 + BigInt(Math.min(a, b) * scale), T0 + BigInt(Math.max(a, b) * scale)];
        const part = [...readSamples(store, BigInt(series), from, to)].flatMap(samplesIn);
        expect(part).toEqual(ordered.filter(({ atNs }) => atNs >= from && atNs < to));
        store.transaction(() => deleteSamplesBefore(store, BigInt(series), from));
        expect(all(series)).toEqual(ordered.filter(({ atNs }) => atNs >= from));
      },
    ),
    { numRuns: 30 },
  );
});
