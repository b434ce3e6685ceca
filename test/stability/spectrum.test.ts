import { expect, test } from 'vitest';
import { binsOf, outlineOf } from '../../src/stability/outline.ts';
import { phaseSpectrum } from '../../src/stability/spectrum.ts';
import { white } from './records.ts';

const steps = (phase: Float64Array, tau0: number) =>
  Float64Array.from(
    { length: phase.length - 1 },
    (_, i) => ((phase[i + 1] as number) - (phase[i] as number)) / tau0,
  );
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test('white phase noise: its variance over the band', () => {
  const tau0 = 0.1;
  const found = phaseSpectrum(
    steps(
      white(8192).map((x) => 3e-9 * x),
      tau0,
    ),
    tau0,
  );
  // One-sided: 2 tau0 sigma^2 up to 1 / (2 tau0).
  expect(meanOf(found.map(({ phase }) => phase)) / (2 * tau0 * 9e-18)).toBeCloseTo(1, 1);
  expect(found[0]?.hz).toBeCloseTo(2 / (1024 * tau0), 9);
  expect(found.at(-1)?.hz).toBeLessThan(0.5 / tau0);
});

test('white frequency noise falls by f^2', () => {
  const tau0 = 2;
  const found = phaseSpectrum(white(8192), tau0).filter(({ hz }) => hz < 0.05);
  const flat = found.map(({ hz, phase }) => phase * (2 * Math.PI * hz) ** 2);
  expect(meanOf(flat) / (2 * tau0)).toBeCloseTo(1, 0);
  expect(Math.abs(meanOf(flat) / (2 * tau0) - 1)).toBeLessThan(0.1);
});

/** Welch's method from its definition, by a plain Fourier transform: [Hz, density] of the phase. */
function plainSpectrum(frequency: Float64Array, tau0: number, length: number): [number, number][] {
  const window = Array.from({ length }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / length) ** 2);
  const starts = Array.from(
    { length: (2 * frequency.length) / length - 1 },
    (_, k) => (k * length) / 2,
  ).filter((from) => !frequency.slice(from, from + length).some(Number.isNaN));
  const weight = window.reduce((sum, w) => sum + w * w, 0);
  return Array.from({ length: length / 2 - 2 }, (_, at) => {
    const k = at + 2;
    const powers = starts.map((from) => {
      const y = frequency.slice(from, from + length);
      const mean = meanOf([...y]);
      let [re, im] = [0, 0];
      for (const [i, value] of y.entries()) {
        re += (value - mean) * (window[i] as number) * Math.cos((2 * Math.PI * k * i) / length);
        im += (value - mean) * (window[i] as number) * Math.sin((2 * Math.PI * k * i) / length);
      }
      return re * re + im * im;
    });
    const hz = k / (length * tau0);
    const density = (2 * tau0 * meanOf(powers)) / weight;
    return [hz, density / (2 * Math.sin(Math.PI * hz * tau0)) ** 2 / tau0 ** -2];
  });
}

test('every point of a short spectrum is that of the definition; close ones are averaged', () => {
  const tau0 = 0.5;
  for (const y of [white(128), white(128).map((value, i) => (i === 40 ? Number.NaN : value))]) {
    const found = phaseSpectrum(y, tau0);
    const wanted = plainSpectrum(y, tau0, 32);
    // Up to 32 points none is closer to the next than a fortieth of a decade.
    expect(found.map(({ hz }) => hz)).toEqual(wanted.map(([hz]) => expect.closeTo(hz, 12)));
    for (const [i, { phase }] of found.entries()) expect(phase / (wanted[i]?.[1] ?? 0)).toBeCloseTo(1, 9);
  }
  const long = white(1024);
  const wanted = plainSpectrum(long, tau0, 256);
  const bins = new Map<number, [number, number][]>();
  for (const one of wanted) {
    const bin = Math.floor(Math.log10(one[0]) * 40);
    bins.set(bin, [...(bins.get(bin) ?? []), one]);
  }
  const found = phaseSpectrum(long, tau0);
  expect(found).toHaveLength(bins.size);
  for (const [i, all] of [...bins.values()].entries()) {
    expect(found[i]?.hz).toBeCloseTo(meanOf(all.map(([hz]) => hz)), 9);
    expect((found[i]?.phase ?? 0) / meanOf(all.map(([, density]) => density))).toBeCloseTo(1, 9);
  }
});

test('a line stands at its frequency', () => {
  const phase = Float64Array.from({ length: 4096 }, (_, i) => Math.sin(2 * Math.PI * 0.125 * i));
  const found = phaseSpectrum(steps(phase, 1), 1);
  const highest = found.reduce((a, b) => (b.phase > a.phase ? b : a));
  expect(Math.abs(highest.hz - 0.125)).toBeLessThan(0.004);
});

test('segments with a gap are left out; shorter ones are tried; a record without any has no spectrum', () => {
  const y = white(4096);
  const holed = y.map((value, i) => (i === 2000 ? Number.NaN : value));
  expect(phaseSpectrum(holed, 1).length).toBe(phaseSpectrum(y, 1).length);
  const often = y.map((value, i) => (i % 100 === 0 ? Number.NaN : value));
  expect(phaseSpectrum(often, 1)[0]?.hz).toBeCloseTo(2 / 64, 9);
  expect(
    phaseSpectrum(
      y.map((value, i) => (i % 10 === 0 ? Number.NaN : value)),
      1,
    ),
  ).toEqual([]);
  expect(phaseSpectrum(y.slice(0, 63), 1)).toEqual([]);
  expect(phaseSpectrum(y.slice(0, 64), 1).length).toBeGreaterThan(3);
});

test('an outline keeps the smallest and the largest of each part, in their order, and a gap', () => {
  const values = Float64Array.of(1, 5, 2, 3, 9, 0, Number.NaN, Number.NaN, Number.NaN, 4, Number.NaN, 4);
  expect(outlineOf(values, 2, 4)).toEqual([
    [0, 1],
    [2, 5],
    [8, 9],
    [10, 0],
    [12, Number.NaN],
    [18, 4],
    [18, 4],
  ]);
  expect(outlineOf(Float64Array.of(1, 2, 3), 1, 2)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});

test('an outline of a record that is short enough is the record, and each value is in one part', () => {
  const indices = (length: number, parts: number) =>
    outlineOf(
      Float64Array.from({ length }, (_, i) => i),
      0.5,
      parts,
    ).map(([, value]) => value);
  expect(indices(6, 3)).toEqual([0, 1, 2, 3, 4, 5]);
  // Three a part: its first and its last are its extremes.
  expect(indices(7, 3)).toEqual([0, 2, 3, 5, 6, 6]);
  expect(outlineOf(Float64Array.of(3, 1, 2, 3), 1, 1)).toEqual([
    [0, 3],
    [1, 1],
  ]);
});

test('bins hold every known value', () => {
  expect(binsOf(Float64Array.of(0, 1, 1.9, Number.NaN, 4), 4)).toEqual({
    width: 1,
    bins: [
      [0, 1],
      [1, 2],
      [2, 0],
      [3, 1],
    ],
  });
  expect(binsOf(Float64Array.of(2, 2), 4)).toEqual({ width: 0, bins: [] });
  expect(binsOf(Float64Array.of(-1, 3), 2)).toEqual({
    width: 2,
    bins: [
      [-1, 1],
      [1, 1],
    ],
  });
  expect(binsOf(Float64Array.of(Number.NaN), 2)).toEqual({ width: 0, bins: [] });
});
