import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linearScale, logScale, rangeOf, type Scale, symlogScale } from '../../../src/report/plot/scale.ts';
import { durationText, exponentText, ratioText, timeUnit } from '../../../src/report/plot/tick-text.ts';

const PIXELS = [50, 450] as const;
const format = (value: number) => value.toExponential(3);

const anyRange = fc
  .tuple(
    fc.double({ min: -1e140, max: 1e140, noNaN: true }),
    fc.double({ min: -1e140, max: 1e140, noNaN: true }),
  )
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const positiveRange = fc
  .tuple(fc.double({ min: -150, max: 150, noNaN: true }), fc.double({ min: -150, max: 150, noNaN: true }))
  .map(([a, b]) => [10 ** Math.min(a, b), 10 ** Math.max(a, b)] as const);

/** What a drawing needs of every scale. */
function expectUsable(scale: Scale, low: number, high: number): void {
  for (const value of [low, high, ...scale.ticks.map((tick) => tick.value)]) {
    expect(scale(value)).toBeGreaterThanOrEqual(PIXELS[0] - 0.01);
    expect(scale(value)).toBeLessThanOrEqual(PIXELS[1] + 0.01);
  }
  const places = scale.ticks.map(({ value }) => scale(value));
  expect(places).toEqual([...places].sort((a, b) => a - b));
}

describe('every scale keeps its data and ticks inside, for any data', () => {
  test('linear', () => {
    fc.assert(
      fc.property(anyRange, ([low, high]) => {
        const scale = linearScale([low, high], PIXELS, 6);
        expectUsable(scale, low, high);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(11);
      }),
    );
  });

  test('linear, of sizes that are measured: no two ticks have the same text', () => {
    const end = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(end, end, fc.integer({ min: -9, max: 6 }), (a, b, exponent) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((value) => value * 10 ** exponent);
        const texts = linearScale([low ?? 0, high ?? 0], PIXELS, 6).ticks.map(({ text }) => text);
        expect(new Set(texts).size).toBe(texts.length);
      }),
      { examples: [[-6, 11, -9]] },
    );
  });

  test('logarithmic', () => {
    fc.assert(
      fc.property(positiveRange, fc.integer({ min: 2, max: 12 }), ([low, high], most) => {
        const scale = logScale([low, high], PIXELS, most, { format });
        expectUsable(scale, low, high);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(most + 1);
      }),
    );
  });

  test('with both signs', () => {
    fc.assert(
      fc.property(anyRange, ([low, high]) => {
        expectUsable(symlogScale([low, high], 1e-9, PIXELS, 8, format), low, high);
      }),
    );
  });
});

test('a larger value never stands before a smaller one', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const scale = symlogScale([-1e9, 1e9], 1, PIXELS, 8, format);
        expect(scale(high)).toBeGreaterThanOrEqual(scale(low));
      },
    ),
  );
});

test('a logarithmic scale with fewer than two ticks inside goes on to the next one either way', () => {
  const ticks = (low: number, high: number, at?: readonly number[]) =>
    logScale([low, high], PIXELS, 8, { format, ...(at === undefined ? {} : { at }) }).ticks.map(
      ({ value }) => value,
    );
  expect(ticks(3, 4)).toEqual([1, 10]);
  expect(ticks(3, 40)).toEqual([1, 10, 100]);
  expect(ticks(10, 10)).toEqual([10, 100]);
  expect(ticks(3, 400)).toEqual([10, 100]);
  // Where nothing lies beyond the data the scale ends with it.
  expect(ticks(3, 8, [2, 5])).toEqual([2, 5]);
  expect(ticks(1, 4, [2, 5])).toEqual([2, 5]);
});

test('zero has a mark of its own on a logarithmic scale that needs one', () => {
  const scale = logScale([1, 1000], [300, 0], 8, { format: String }, 22);
  expect(scale(0)).toBe(300);
  expect(scale(-5)).toBe(300);
  expect(scale(1)).toBeLessThan(300 - 20);
  expect(scale.ticks[0]).toEqual({ value: 0, text: '0' });
});

test('ranges ignore what cannot be drawn', () => {
  expect(rangeOf([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 1e300])).toEqual([1, 3]);
  expect(rangeOf([])).toBeNull();
});

test('ticks of a linear scale start and end it, in round steps with no more digits than they need', () => {
  const texts = (low: number, high: number) =>
    linearScale([low, high], PIXELS, 5).ticks.map(({ text }) => text);
  expect(texts(0, 21)).toEqual(['0', '5', '10', '15', '20', '25']);
  expect(texts(-0.13, 0.1)).toEqual(['\u22120.15', '\u22120.10', '\u22120.05', '0', '0.05', '0.10']);
  expect(texts(0, 4_000)).toEqual(['0', '1,000', '2,000', '3,000', '4,000']);
  expect(texts(5, 5)).toEqual(['2', '3', '4', '5', '6', '7', '8']);
});

test('ticks of a scale with both signs are decades, thinned to the room there is', () => {
  const texts = (most: number) =>
    symlogScale([-1e3, 1e3], 1, PIXELS, most, String).ticks.map(({ text }) => text);
  expect(texts(9)).toEqual(['-1000', '-100', '-10', '0', '10', '100', '1000']);
  expect(texts(5)).toEqual(['-100', '0', '100']);
});

test('ticks are written as people write them', () => {
  expect([1, 1e3, 1e4, 60e9, 600e9, 3_600e9, 864_000e9, -1e4].map(durationText)).toEqual([
    '1 ns',
    '1 us',
    '10 us',
    '1 min',
    '10 min',
    '1 h',
    '10 d',
    '-10 us',
  ]);
  expect([1e-9, 1, 100].map(exponentText)).toEqual(['1e-9', '1e0', '1e2']);
  expect([0, 1e-9, 5e-13, -1e-8, 1e-6, 2e-3].map(ratioText)).toEqual([
    '0',
    '1 ppb',
    '0.0005 ppb',
    '-10 ppb',
    '1 ppm',
    '2,000 ppm',
  ]);
  expect([1, 1999, 2000, 2e6, 2e9].map((ns) => timeUnit(ns).unit)).toEqual(['ns', 'ns', 'us', 'ms', 's']);
});
