import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability } from '../../src/stability/analyse.ts';
import { ESTIMATOR_NAMES } from '../../src/stability/estimators.ts';
import { frequencySeries } from '../../src/stability/series.ts';
import published from '../vectors/sp1065.json' with { type: 'json' };
import { uniform } from './records.ts';

const expected: Record<string, Record<string, Record<string, number>>> = {
  nine: published.nine.expect,
  thousand: published.thousand.expect,
};
const records: Record<string, Float64Array> = {
  nine: Float64Array.from(published.nine.frequency),
  thousand: uniform(1000),
};
const cases = Object.entries(expected).flatMap(([record, estimators]) =>
  Object.entries(estimators).flatMap(([estimator, values]) =>
    Object.entries(values).map(([m, value]) => ({ record, estimator, m: Number(m), value })),
  ),
);

test.each(cases)('NIST: $estimator of the $record points at m = $m', ({ record, estimator, m, value }) => {
  const series = frequencySeries(records[record] ?? new Float64Array(), 1);
  const names = ESTIMATOR_NAMES.filter((name) => name === estimator);
  const [point] = analyseStability(series, { estimators: names, taus: [m], confidence: 0.95 }, quietControl);
  const [statistic] = point?.statistics.values() ?? [];
  // Every published digit: seven, the last one rounded.
  expect(Math.abs((statistic?.value ?? 0) / value - 1)).toBeLessThan(5e-7);
});

test('NIST: the 95 % interval of the overlapping Allan deviation', () => {
  const { m, edf, low, high } = published.thousand.oadevInterval95;
  const series = frequencySeries(uniform(1000), 1);
  const [point] = analyseStability(
    series,
    { estimators: ['oadev'], taus: [m], confidence: 0.95 },
    quietControl,
  );
  const statistic = point?.statistics.get('oadev');
  expect(point?.alpha).toBe(0);
  expect(statistic?.n).toBe(981);
  expect(Math.abs((statistic?.edf ?? 0) / edf - 1)).toBeLessThan(1e-3);
  expect(Math.abs((statistic?.low ?? 0) / low - 1)).toBeLessThan(1e-3);
  expect(Math.abs((statistic?.high ?? 0) / high - 1)).toBeLessThan(1e-3);
});

// Table 31 of SP 1065: modified, time and Hadamard total deviation with their bias taken out, five digits of Theo1; the digits of the parabolic deviation are of the reference implementation.
test.each([
  ['mtotdev', 1, 0.2418528, 5e-7],
  ['mtotdev', 10, 0.06499161, 5e-7],
  ['mtotdev', 100, 0.02287774, 5e-7],
  ['ttotdev', 1, 0.1396338, 5e-7],
  ['ttotdev', 10, 0.3752293, 5e-7],
  ['ttotdev', 100, 1.320847, 5e-7],
  ['htotdev', 10, 0.09614787, 5e-7],
  ['htotdev', 100, 0.03058103, 5e-7],
  ['theo1', 10, 0.10757, 1e-4],
  ['theo1', 100, 0.031789, 2e-5],
  ['theo1', 1000, 0.0050524, 1e-5],
  ['pdev', 1, 0.292231878, 5e-9],
  ['pdev', 2, 0.214452336, 5e-9],
  ['pdev', 4, 0.156181122, 5e-9],
] as const)('published: %s of the thousand points at m = %i', (name, m, value, tolerance) => {
  const series = frequencySeries(uniform(1000), 1);
  const [point] = analyseStability(series, { estimators: [name], taus: [m], confidence: 0.95 }, quietControl);
  const statistic = point?.statistics.get(name);
  expect(Math.abs((statistic?.value ?? 0) / value - 1)).toBeLessThan(tolerance);
  expect(statistic?.tau).toBe(name === 'theo1' ? 0.75 * m : m);
});
