import { expect, test } from 'vitest';
import { narrow } from '../../src/tsc/bracket.ts';
import { breakBetween, isEvent, nameBreak, ownRate } from '../../src/tsc/breaks.ts';
import { bracketsOf, type Row } from './made-brackets.ts';

const RATE = 2.5;
const WINDOW = 100;

/** A straight line of `count` brackets, one a batch, `extra` ticks ahead. */
const line = (fromNs: number, spanNs: number, count: number, extra = 0, rate = RATE): Row[] =>
  Array.from({ length: count }, (_, i) => {
    const ns = fromNs + (i * spanNs) / (count - 1);
    const before = rate * ns + extra - WINDOW / 2;
    return { before, ns, after: before + WINDOW, batch: i };
  });

test('a rate of its own takes half a millisecond and four batches', () => {
  expect(ownRate(bracketsOf(line(0, 500_000, 4)))).toBeCloseTo(RATE, 9);
  expect(ownRate(bracketsOf(line(0, 499_999, 4)))).toBeNull();
  expect(ownRate(bracketsOf(line(0, 500_000, 3)))).toBeNull();
});

test('two windows of distance are no step, more is', () => {
  const stepTo = (extra: number) =>
    breakBetween(bracketsOf(line(0, 1e6, 50)), bracketsOf(line(1.1e6, 1e6, 50, extra)))?.stepNs;
  expect([stepTo(2 * WINDOW), stepTo(-2 * WINDOW)]).toEqual([0, 0]);
  expect(stepTo(2 * WINDOW + 1)).toBeCloseTo(-(2 * WINDOW + 1) / RATE, 6);
  expect(stepTo(-2 * WINDOW - 1)).toBeCloseTo((2 * WINDOW + 1) / RATE, 6);
});

test('a rate has changed where none is possible on both sides', () => {
  const change = (ratio: number) =>
    breakBetween(bracketsOf(line(0, 1e6, 50)), bracketsOf(line(1.1e6, 1e6, 50, 0, RATE * (1 + ratio))))
      ?.rateChange;
  // Over a ms a window of 100 ticks leaves room for 40 ppm on either side of each.
  expect([change(1e-6), change(-1e-6)]).toEqual([0, 0]);
  expect(change(1e-3)).toBeCloseTo(-1e-3 / (1 + 1e-3), 9);
  expect(change(-1e-3)).toBeCloseTo(1e-3 / (1 - 1e-3), 9);
});

test('2 ppm are a change of rate, less is a wandering', () => {
  const of = (rateChange: number, stepNs = 0) => ({ atNs: 7, rateChange, stepNs });
  expect([2e-6, -2e-6, 1.99e-6, -1.99e-6].map((each) => isEvent(of(each)))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(isEvent(of(0, -1))).toBe(true);
  expect(nameBreak('monotonic', of(1.99e-6), null)).toEqual([]);
  expect(nameBreak('monotonic', of(2e-6), null)).toEqual([
    { atNs: 7, kind: 'slew', detail: 'the kernel began to slew monotonic: its rate changed by +2.00 ppm' },
  ]);
});

test('the raw clock shares a break where it shows more than half of it', () => {
  const kindOf = (raw: { rateChange: number; stepNs: number }) =>
    nameBreak('realtime', { atNs: 7, rateChange: 1e-5, stepNs: 1000 }, { atNs: 7, ...raw }).map(
      ({ kind }) => kind,
    );
  expect(kindOf({ rateChange: 0, stepNs: 0 })).toEqual(['step', 'slew']);
  expect(kindOf({ rateChange: 0.49e-5, stepNs: 500 })).toEqual(['step', 'slew']);
  expect(kindOf({ rateChange: 0.51e-5, stepNs: 501 })).toEqual(['counter-step', 'counter-rate-change']);
  expect(kindOf({ rateChange: 1.49e-5, stepNs: 1499 })).toEqual(['counter-step', 'counter-rate-change']);
  expect(kindOf({ rateChange: 1.51e-5, stepNs: 1500 })).toEqual(['step', 'slew']);
});

test('windows up to one and a half times the narrowest are kept; one of a counter that went back is not', () => {
  const rows = [100, 149, 150, 151, -5].map((window, i) => ({
    before: i * 1000,
    ns: i,
    after: i * 1000 + window,
  }));
  expect([...narrow(bracketsOf(rows)).ns]).toEqual([0, 1, 2]);
});
