import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationText, exponentText, linearText } from '../../../src/report/svg/mark-text.ts';
import {
  linearScale,
  logScale,
  niceStep,
  rangeOf,
  type Scale,
  symlogScale,
} from '../../../src/report/svg/scale.ts';

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
  for (const value of [low, high, ...scale.marks.map((mark) => mark.value)]) {
    expect(scale(value)).toBeGreaterThanOrEqual(PIXELS[0] - 0.01);
    expect(scale(value)).toBeLessThanOrEqual(PIXELS[1] + 0.01);
  }
  const places = scale.marks.map(({ value }) => scale(value));
  expect(places).toEqual([...places].sort((a, b) => a - b));
}

describe('every scale keeps its data and marks inside, for any data', () => {
  test('linear', () => {
    fc.assert(
      fc.property(anyRange, ([low, high]) => {
        const scale = linearScale([low, high], PIXELS, 6);
        expectUsable(scale, low, high);
        expect(scale.marks.length).toBeGreaterThanOrEqual(2);
        expect(scale.marks.length).toBeLessThanOrEqual(9);
        expect(new Set(scale.marks.map(({ text }) => text)).size).toBe(scale.marks.length);
      }),
    );
  });

  test('logarithmic', () => {
    fc.assert(
      fc.property(positiveRange, fc.integer({ min: 2, max: 12 }), ([low, high], most) => {
        const scale = logScale([low, high], PIXELS, most, { format });
        expectUsable(scale, low, high);
        expect(scale.marks.length).toBeGreaterThanOrEqual(2);
        expect(scale.marks.length).toBeLessThanOrEqual(most + 1);
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

test('zero has a mark of its own on a logarithmic scale that needs one', () => {
  const scale = logScale([1, 1000], [300, 0], 8, { format: String }, 22);
  expect(scale(0)).toBe(300);
  expect(scale(-5)).toBe(300);
  expect(scale(1)).toBeLessThan(300 - 20);
  expect(scale.marks[0]).toEqual({ value: 0, text: '0' });
});

test('ranges ignore what cannot be drawn', () => {
  expect(rangeOf([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 1e300])).toEqual([1, 3]);
  expect(rangeOf([])).toBeNull();
});

test('steps are 1, 2 or 5 times a power of ten', () => {
  expect([1, 3, 7, 20, 0.09].map((span) => niceStep(span, 5))).toEqual([0.2, 1, 2, 5, 0.02]);
});

test('marks are written as people write them', () => {
  expect([0, 1e3, 1e6, -5e3].map((value) => linearText(value, 1e3))).toEqual([
    '0',
    '1,000',
    '1,000,000',
    '-5,000',
  ]);
  expect([0.1, 0.15].map((value) => linearText(value, 0.05))).toEqual(['0.10', '0.15']);
  expect(linearText(2e-9, 1e-9)).toBe('2e-9');
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
});
