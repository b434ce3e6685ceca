import { describe, expect, test } from 'vitest';
import { type Brackets, span } from '../../src/tsc/bracket.ts';
import { fitCoarseLattice } from '../../src/tsc/coarse-lattice.ts';
import { MULT, SHIFT, TRUE_HZ } from './modelled-host.ts';
import { seeded } from './scripted-host.ts';

const RATE = TRUE_HZ / 1e9;
const STEP = 26;

/** The kernel's arithmetic on a counter with steps, read at any place of windows of 4 steps or 5. */
function readings(count: number, { step = STEP, seed = 1, spacingTicks = 26_000 } = {}): Brackets {
  const random = seeded(seed);
  const phase = BigInt(Math.floor(random() * step * Number(MULT)));
  const before = new Float64Array(count);
  const ns = new Float64Array(count);
  const after = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = Math.round((i * spacingTicks) / step + random() * 3);
    const read = BigInt((at + Math.floor(random() * 5)) * step);
    before[i] = at * step;
    ns[i] = Number((read * MULT + phase) >> SHIFT);
    after[i] = (at + 4 + Math.floor(random() * 2)) * step;
  }
  const batch = Int32Array.from({ length: count }, (_, i) => i >> 4);
  const cpu = new Int32Array(count);
  return { baseTsc: 0n, before, ns, after, batch, cpu, resolutionNs: 1, madeFromTsc: true };
}

const zOf = (brackets: Brackets, near = RATE) => {
  const fit = fitCoarseLattice(brackets, near);
  return fit === null ? null : (fit.ticksPerNs / RATE - 1) / fit.standardErrorRatio;
};

describe('the rate', () => {
  test.each([40, 1000])(
    '%d brackets: the standard error keeps its promise, and no error is beyond 3.5 of it',
    (count) => {
      const z = Array.from(
        { length: 200 },
        (_, seed) => zOf(readings(count, { seed: seed + 1 })) ?? Number.NaN,
      );
      const rms = Math.sqrt(z.reduce((sum, each) => sum + each * each, 0) / z.length);
      expect(rms).toBeGreaterThan(0.9);
      expect(rms).toBeLessThan(1.1);
      expect(Math.max(...z.map(Math.abs))).toBeLessThan(3.5);
    },
  );

  test('the first guess does not matter while it is right to a nanosecond over the run', () => {
    const brackets = readings(1000);
    const spanNs = brackets.ns.at(-1) as number;
    const right = fitCoarseLattice(brackets, RATE)?.ticksPerNs ?? 0;
    for (const off of [-1, 1])
      expect(fitCoarseLattice(brackets, RATE * (1 + off / spanNs))?.ticksPerNs).toBeCloseTo(right, 9);
  });

  test('a run of ten days is as exact as one of a second', () => {
    const days = readings(1000, { spacingTicks: 26e11 });
    expect(Math.abs(zOf(days) ?? 9)).toBeLessThan(3.5);
    expect(fitCoarseLattice(days, RATE)?.standardErrorRatio).toBeLessThan(1e-15);
  });
});

describe('what it leaves to the likelihood of many places', () => {
  test('fewer than 32 brackets', () => {
    expect(fitCoarseLattice(readings(32), RATE)?.samples).toBe(32);
    expect(fitCoarseLattice(readings(31), RATE)).toBeNull();
  });

  test('steps of less than 4 ns', () => {
    expect(fitCoarseLattice(readings(100, { step: 11 }), RATE)?.stepTicks).toBe(11);
    expect(fitCoarseLattice(readings(100, { step: 10 }), RATE)).toBeNull();
  });

  test('one reading off the lattice', () => {
    const brackets = readings(100);
    expect(fitCoarseLattice(brackets, RATE)?.misfitRatio).toBe(0);
    brackets.after[50] = (brackets.after[50] as number) + 1;
    expect(fitCoarseLattice(brackets, RATE)).toBeNull();
  });

  test('one bracket that no line through the others satisfies', () => {
    const brackets = readings(1000);
    brackets.ns[500] = (brackets.ns[500] as number) + 2;
    expect(fitCoarseLattice(brackets, RATE)).toBeNull();
  });

  test('no brackets, and no time', () => {
    const brackets = readings(100);
    expect(fitCoarseLattice(span(brackets, 0, 0), RATE)).toBeNull();
    expect(fitCoarseLattice({ ...brackets, ns: new Float64Array(100) }, RATE)).toBeNull();
  });
});
