import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability, largestFactor } from '../../src/stability/analyse.ts';
import { phaseSeries } from '../../src/stability/series.ts';
import { averagingFactors } from '../../src/stability/taus.ts';

test('octave, decade and all', () => {
  expect(averagingFactors('octave', 1, 100)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(averagingFactors('decade', 1, 400)).toEqual([1, 2, 4, 10, 20, 40, 100, 200, 400]);
  expect(averagingFactors('all', 1, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(averagingFactors('octave', 1, 0)).toEqual([]);
});

test('a list is in seconds, sorted, each once', () => {
  expect(averagingFactors([4, 1, 2, 1], 0.1, 5)).toEqual([10, 20, 40]);
  expect(averagingFactors([1], 0.3333333, 5)).toEqual([3]);
  expect(() => averagingFactors([0.25], 0.1, 5)).toThrow('0.25 s is not a multiple of tau0, which is 0.1 s');
  expect(() => averagingFactors([0.01], 0.1, 5)).toThrow('not a multiple');
});

test('the longest averaging time is the one that still gives a term', () => {
  expect(largestFactor(['oadev'], 101)).toBe(50);
  expect(largestFactor(['mdev'], 101)).toBe(33);
  expect(largestFactor(['ohdev'], 101)).toBe(33);
  expect(largestFactor(['oadev', 'mtie'], 101)).toBe(100);
  expect(largestFactor(['oadev'], 2)).toBe(0);
});

test('an estimator that is too long for the record says what it needs', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const options = { estimators: ['hdev', 'mtie'], taus: [40], confidence: 0.95 } as const;
  const [point] = analyseStability(phaseSeries(x, 1), options, quietControl);
  expect(point?.statistics.get('hdev')?.reason).toBe('needs 121 phase points; there are 100');
  expect(point?.statistics.get('mtie')?.value).toBeGreaterThan(1.9);
});

test('averaging times are m tau0, of Theo1 three quarters of it', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const options = { estimators: ['oadev', 'theo1'], taus: [6], confidence: 0.95 } as const;
  const [point] = analyseStability(phaseSeries(x, 0.5), options, quietControl);
  expect(point).toMatchObject({ m: 12, tau: 6 });
  expect(point?.statistics.get('oadev')?.tau).toBe(6);
  expect(point?.statistics.get('theo1')?.tau).toBe(4.5);
});

test('a stop keeps what is done', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i));
  let done = 0;
  const control = { progress: (count: number) => (done = count), cancelled: () => done === 3 };
  const points = analyseStability(
    phaseSeries(x, 1),
    { estimators: ['oadev'], taus: 'octave', confidence: 0.95 },
    control,
  );
  expect(points.map(({ m }) => m)).toEqual([1, 2, 4]);
});

test('noise that is known at one averaging time stands in for longer ones', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => ((i * 7919) % 101) / 101);
  const points = analyseStability(
    phaseSeries(x, 1),
    { estimators: ['oadev'], taus: 'octave', confidence: 0.95 },
    quietControl,
  );
  expect(points.at(-1)?.alpha).toBe(points[1]?.alpha);
  expect(points.at(-1)?.statistics.get('oadev')?.edf).toBeGreaterThan(0);
});
