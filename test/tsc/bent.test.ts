import { describe, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { AMD, INTEL, modelledHost, TRUE_HZ } from './modelled-host.ts';
import { seeded } from './scripted-host.ts';

/**
 * A clock that the kernel steers bends by parts of a nanosecond within a run. None may be taken for a straight one,
 * whatever the bend's shape, and the error that is stated instead has to hold for the mean rate between the ends.
 */
const RUNS = 4;
/** A timer tick of CONFIG_HZ=250, at which the kernel chooses between two values of mult. */
const TICK_NS = 4e6;

type Shape = (sizeNs: number, durationNs: number, random: () => number) => (ns: number) => number;

const arc: Shape = (size, duration) => (ns) => size * Math.sin((Math.PI * ns) / duration);
const kink: Shape = (size, duration) => (ns) => size * (1 - Math.abs((2 * ns) / duration - 1));
const kinkSomewhere: Shape = (size, duration, random) => {
  const at = (0.1 + 0.8 * random()) * duration;
  return (ns) => (ns < at ? (size * ns) / at : (size * (duration - ns)) / (duration - at));
};
const sawtooth: Shape = (size, _, random) => {
  const phase = 2 * random();
  return (ns) => size * Math.abs(((ns / TICK_NS + phase) % 2) - 1);
};

/** Calibrations of bent clocks, and how many standard errors each is from the mean rate between its ends. */
function calibrations(processor: typeof INTEL, shape: Shape, sizeNs: number, durationNs: number) {
  return Array.from({ length: RUNS }, (_, seed) => {
    const bentBy = shape(sizeNs, durationNs, seeded(seed + 100));
    const source = modelledHost(processor, seed + 1, { bentBy });
    const { result } = calibrate({ clock: 'monotonic', durationNs }, source, quietControl);
    const lean = (bentBy(durationNs) - bentBy(0)) / durationNs;
    return { ...result, z: ((result.tscHz / TRUE_HZ) * (1 + lean) - 1) / result.standardErrorRatio };
  });
}

describe.each([
  ['an arc', arc],
  ['a kink in the middle', kink],
  ['a kink at any moment', kinkSomewhere],
  ['two slopes by turns', sawtooth],
] as const)('%s', (_, shape) => {
  test.each([
    [0.3, 10e6],
    [1, 10e6],
    [0.3, 100e6],
    [1, 100e6],
  ])('of %d ns in %d ns, steps of 2 ticks', (sizeNs, durationNs) => {
    const results = calibrations(INTEL, shape, sizeNs, durationNs);
    expect(results.filter(({ estimator }) => estimator === 'lattice')).toEqual([]);
    expect(Math.max(...results.map(({ z }) => Math.abs(z)))).toBeLessThan(5);
  });

  test('steps of 26 ticks', () => {
    const results = calibrations(AMD, shape, 1, 100e6);
    expect(Math.max(...results.map(({ z }) => Math.abs(z)))).toBeLessThan(5);
  });
});
