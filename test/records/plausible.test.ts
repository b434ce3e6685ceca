import { expect, test } from 'vitest';
import { likelyTimeUnit, onGrid as onGridOf } from '../../src/records/grid.ts';
import {
  frequencyDoubt,
  jumpOf,
  markOf,
  nominalOf,
  phaseDoubt,
  unwrapped,
  wrapOf,
  zerosOf,
} from '../../src/records/plausible.ts';
import { failOf } from '../../src/records/record.ts';

const of = (count: number, at: (i: number) => number) =>
  Float64Array.from({ length: count }, (_, i) => at(i));
const onGrid = (times: Float64Array, readings: Float64Array, tau0: number | null) =>
  onGridOf(times, readings, tau0, (index) => index + 1, failOf('record'));

test('zeros are gaps where they are more than 10 spreads from all others, of which there are 8', () => {
  // The middle 80 % of 0 to 10 are 8 wide.
  const others = (low: number) => [0, ...of(11, (i) => low + i)];
  expect(zerosOf(Float64Array.from(others(76)))).toEqual({ count: 1, outside: true });
  expect(zerosOf(Float64Array.from(others(75)))).toEqual({ count: 1, outside: false });
  expect(zerosOf(Float64Array.from([0, ...of(8, (i) => 1e6 + i)])).outside).toBe(true);
  expect(zerosOf(Float64Array.from([0, ...of(7, (i) => 1e6 + i)])).outside).toBe(false);
  // Nine in ten zeros are the reading.
  expect(zerosOf(of(100, (i) => (i < 90 ? 0 : 1e6 + i))).outside).toBe(true);
  expect(zerosOf(of(100, (i) => (i < 91 ? 0 : 1e6 + i))).outside).toBe(false);
});

test('a mark comes twice or more, 1000 spreads away', () => {
  const with_ = (...marks: number[]) => Float64Array.from([...of(11, (i) => i), ...marks]);
  expect(markOf(with_(-9999, -9999))).toEqual({ value: -9999, count: 2 });
  expect(markOf(with_(9999, 9999, 9999))).toEqual({ value: 9999, count: 3 });
  expect(markOf(with_(-9999))).toBeNull();
  expect(markOf(with_(8006, 8006))).not.toBeNull();
  expect(markOf(with_(8005, 8005))).toBeNull();
  expect(markOf(Float64Array.from([...of(7, (i) => i), 1e9, 1e9]))).toBeNull();
});

test('a counter wraps within a power of ten, from 0 or around it', () => {
  const sawtooth = (range: number, bottom: number, step: number) =>
    of(100, (i) => bottom + range * ((i * step) % 1));
  expect(wrapOf(sawtooth(1, 0, 0.07))).toBe(1);
  expect(wrapOf(sawtooth(1e-7, 0, 0.07))).toBe(1e-7);
  expect(wrapOf(sawtooth(1, -0.5, 0.07))).toBe(1);
  expect(wrapOf(sawtooth(0.1, -0.05, 0.03))).toBe(0.1);
  // It moves by a fifth of its range at the most, and jumps by four fifths.
  expect(wrapOf(sawtooth(1, 0, 0.19))).toBe(1);
  expect(wrapOf(sawtooth(1, 0, 0.21))).toBeNull();
  // Both ends are seen, nearly.
  const part = (low: number, high: number) => of(20, (i) => (i % 10 < 5 ? low + (i % 5) * 1e-3 : high));
  expect(wrapOf(part(0.05, 0.95))).toBe(1);
  expect(wrapOf(part(0.11, 0.95))).toBeNull();
  expect(wrapOf(part(0.05, 0.89))).toBeNull();
  expect(wrapOf(sawtooth(1, 0, 0.07).subarray(0, 30))).toBe(1);
  const short = (count: number) => of(count, (i) => (i % 2 === 0 ? 0.01 : 0.99));
  expect([wrapOf(short(10)), wrapOf(short(9))]).toEqual([1, null]);
  expect(wrapOf(of(100, (i) => i / 101))).toBeNull();
});

test('turns are added up, over gaps too', () => {
  expect([...unwrapped(Float64Array.from([0.75, Number.NaN, 0.25, 0.75, 0.25]), 1)]).toEqual([
    0.75,
    Number.NaN,
    0.25,
    0.75,
    0.25,
  ]);
  expect([...unwrapped(Float64Array.from([0.875, Number.NaN, 0.125, 0.875]), 1)]).toEqual([
    0.875,
    Number.NaN,
    1.125,
    0.875,
  ]);
});

test('Hz are near a round frequency or a power of two from 1 kHz on, within 100 ppm, and spread by 1 in 1000', () => {
  expect(nominalOf(of(50, (i) => 10e6 + i * 1e-3))).toBe(10e6);
  expect(nominalOf(of(50, () => 1000))).toBe(1000);
  expect(nominalOf(of(50, () => 999))).toBeNull();
  expect(nominalOf(of(50, (i) => 10e6 * (0.99955 + (i % 2) * 0.0009)))).toBe(10e6);
  expect(nominalOf(of(50, (i) => 10e6 * (0.99945 + (i % 2) * 0.0011)))).toBeNull();
  expect([10_000_900, 10_001_100].map((hz) => nominalOf(of(50, () => hz)))).toEqual([10e6, 10_001_000]);
  // Those of watches, GPS, audio and telecommunication; below 1 MHz three digits are all that is round.
  expect(
    [32_768.1, 4_194_300, 10_230_001, 12_288_010, 19_440_000, 38_880_000].map((hz) =>
      nominalOf(of(50, () => hz)),
    ),
  ).toEqual([32_768, 4_194_304, 10_230_000, 12_288_000, 19_440_000, 38_880_000]);
  expect([999_499, 1_234_500].map((hz) => nominalOf(of(50, () => hz)))).toEqual([null, 1_234_500]);
});

test('a frequency or the speed of a phase above 1 % belongs to no clock', () => {
  expect(frequencyDoubt(of(20, () => 0.01))).toBeNull();
  expect(frequencyDoubt(of(20, () => -0.0101))).toBe('ppm or ppb');
  expect(frequencyDoubt(of(20, () => 1000))).toBe('ppb or Hz');
  expect(
    phaseDoubt(
      of(20, (i) => 0.0199 * i),
      2,
    ),
  ).toBeNull();
  expect(
    phaseDoubt(
      of(20, (i) => 0.0201 * i),
      2,
    ),
  ).toBe('ns or us');
});

test('readings that advance by their own spacing, within 1 %, are times', () => {
  const doubt = (speed: number) =>
    phaseDoubt(
      of(20, (i) => 1.7e9 + speed * i),
      2,
    );
  expect([1.97, 1.99, 2.01, 2.03, -2].map(doubt)).toEqual([
    'ns or us',
    'times',
    'times',
    'ns or us',
    'ns or us',
  ]);
});

test('a jump stays, among 30 steps or more, and is 8 times their spread', () => {
  // Steps of 0, 1, 2, 3, 4 in turn: half of them are within 1 of the median, which makes sigma 1 / 0.6745.
  const ramp = (i: number) => 10 * Math.floor(i / 5) + ((i % 5) * ((i % 5) + 1)) / 2;
  const walk = (count: number, at: number, jump: number) => of(count, (i) => ramp(i) + (i >= at ? jump : 0));
  expect(jumpOf(walk(200, 102, 11.8))).toBeNull();
  expect(jumpOf(walk(200, 102, 11.9))).toMatchObject({ at: 102, seconds: expect.closeTo(11.9, 9) });
  expect([jumpOf(walk(31, 17, 100))?.at, jumpOf(walk(30, 17, 100))]).toEqual([17, null]);
  // One bad reading comes back.
  expect(jumpOf(of(200, (i) => ramp(i) + (i === 100 ? 500 : 0)))).toBeNull();
});

test('times are MJD from 1968 to 2050, Julian dates, or units since 1970', () => {
  const name = (first: number, step: number, tau0: number | null = null) =>
    likelyTimeUnit(
      of(20, (i) => first + i * step),
      tau0,
    ).name;
  expect([40_000, 69_000, 39_999, 70_000].map((day) => name(day, 1e-5))).toEqual(['MJD', 'MJD', 's', 's']);
  expect([2_440_000, 2_469_000, 2_439_999, 2_470_000].map((day) => name(day, 1e-5))).toEqual([
    'Julian date',
    'Julian date',
    's',
    's',
  ]);
  expect(name(1.7e18, 1e9)).toBe('ns since 1970');
  expect(name(1.7e15, 1e6)).toBe('us since 1970');
  expect(name(1.7e12, 1e3)).toBe('ms since 1970');
  expect(name(1.7e9, 1)).toBe('s');
  // A step that is given tells seconds from days.
  expect([name(60_000, 1, 1), name(60_000, 1.19, 1), name(60_000, 1, 86_400)]).toEqual(['s', 's', 'MJD']);
  // One that none of them has tells nothing.
  expect([name(60_000, 1 / 288, 1), name(1.7e12, 1e3, 300)]).toEqual(['MJD', 'ms since 1970']);
});

test('a reading further than a quarter of a step from the grid is off it', () => {
  const off = (by: number) => onGrid(Float64Array.from([0, 1, 2 + by, 3, 4]), new Float64Array(5), 1).offGrid;
  expect([off(0.24), off(0.26)]).toEqual([0, 0.2]);
});

test('a given step is believed from 0.8 of the shortest to 1.2 of the usual one', () => {
  const grid = (tau0: number) =>
    onGrid(
      of(100, (i) => i),
      new Float64Array(100),
      tau0,
    ).tau0;
  expect([0.81, 0.79, 1.19, 1.21].map(grid)).toEqual([0.81, 1, 1.19, 1]);
});

test('what is missing and what comes twice are counted', () => {
  const { values, missing, doubled } = onGrid(
    Float64Array.from([0, 1, 1.1, 2, 3, 6, 7, 8, 9]),
    Float64Array.from([10, 11, 99, 12, 13, 16, 17, 18, 19]),
    1,
  );
  expect([[...values], missing, doubled]).toEqual([
    [10, 11, 12, 13, Number.NaN, Number.NaN, 16, 17, 18, 19],
    2,
    1,
  ]);
});

test('times that go back, stand still or leave room for too many points are refused', () => {
  const grid = (times: number[]) => onGrid(Float64Array.from(times), new Float64Array(times.length), null);
  expect(() => grid([0, 1, 0.5])).toThrow('record: line 3: the time goes back by 0.5 s.');
  expect(() => grid([1, 1, 1])).toThrow('the times do not advance.');
  expect(() => grid([0, 1, 2, 3, 1e8 + 1])).toThrow('at most 100000000 are analysed.');
});
