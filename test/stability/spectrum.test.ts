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
});
