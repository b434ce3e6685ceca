import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDocuments } from '../../../src/report/compare/compare.ts';
import { quantileInterval } from '../../../src/report/compare/quantile-interval.ts';
import { compareQuantities, errorOf, type Quantity, unknown } from '../../../src/report/compare/quantity.ts';
import { compareText } from '../../../src/report/compare/text.ts';
import type { ReportInput } from '../../../src/report/input.ts';
import { compareResultSchema } from '../../../src/schema/compare.ts';
import { fixture, fixtureParts } from '../fixture.ts';

const a = { name: 'a.json', input: fixture() };
const withParts = (parts: ReportInput['parts']) => ({ name: 'b.json', input: { ...fixture(), parts } });

describe('two documents', () => {
  test('a run against itself: nothing differs', () => {
    const result = compareDocuments(a, { ...a, name: 'b.json' });
    expect(compareResultSchema.parse(result)).toEqual(result);
    expect(result.facts).toEqual([]);
    expect(result.onlyIn).toEqual({ a: [], b: [] });
    expect(result.quantities.length).toBeGreaterThan(10);
    expect(result.quantities.filter(({ judgement }) => judgement === 'changed')).toEqual([]);
    expect(compareText(result)).toContain('Nothing changed beyond the noise');
  });

  test('a TSC that runs 1 ppm faster is found, with its interval', () => {
    const { calibrate } = fixtureParts();
    const b = withParts({ calibrate: { ...calibrate, tscHz: calibrate.tscHz * (1 + 1e-6) } });
    const [row] = compareDocuments(a, b).quantities;
    expect(row?.judgement).toBe('changed');
    expect(row?.difference).toBeCloseTo(1e-6, 9);
    expect(row?.differenceLow).toBeLessThan(1e-6);
    expect(row?.differenceHigh).toBeGreaterThan(1e-6);
  });

  test('a difference of one standard error is noise', () => {
    const { calibrate } = fixtureParts();
    const shifted = calibrate.tscHz * (1 + calibrate.standardErrorRatio);
    const [row] = compareDocuments(a, withParts({ calibrate: { ...calibrate, tscHz: shifted } })).quantities;
    expect(row?.judgement).toBe('within-noise');
  });

  test('facts that differ, parts that only one has, and another verdict are named', () => {
    const input = fixture();
    const { kvm, calibrate } = fixtureParts();
    const b = {
      name: 'b.json',
      input: {
        ...input,
        host: { ...input.host, kernel: '6.12.117', clocksource: null },
        parts: { kvm: { ...kvm, verdict: 'clamps' as const }, calibrate },
      },
    };
    const result = compareDocuments(a, b);
    expect(result.facts).toContainEqual({ fact: 'kernel', a: input.host.kernel, b: '6.12.117' });
    expect(result.facts).toContainEqual({ fact: 'clocksource', a: input.host.clocksource, b: null });
    expect(result.facts.map(({ fact }) => fact)).toContain("KVM's verdict");
    expect(result.onlyIn.a).toEqual(expect.arrayContaining(['timer', 'drift', 'stop', 'host']));
    expect(compareText(result)).toContain('Only A has: ');
  });

  test('documents without a part in common compare by their hosts', () => {
    const { timer, kvm } = fixtureParts();
    const result = compareDocuments(withParts({ timer }), withParts({ kvm }));
    expect(result.quantities).toEqual([]);
    expect(compareText(result)).toContain('Only B has: kvm');
  });

  test('simulated stops, which have no noise and no host, are left out', () => {
    const { stop } = fixtureParts();
    const simulated = withParts({ stop: { ...stop, simulated: true } });
    expect(compareDocuments(simulated, simulated).quantities).toEqual([]);
  });
});

describe('two figures', () => {
  const of = (value: number, noise: Quantity['noise']): Quantity => ({
    part: 'drift',
    name: 'rate',
    unit: 'ratio',
    value,
    noise,
  });

  test('swapped, the difference and its interval change sign and nothing else', () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    const error = fc.double({ min: 0, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(value, error, value, error, (x, ex, y, ey) => {
        const forth = compareQuantities(of(x, errorOf(ex)), of(y, errorOf(ey)));
        const back = compareQuantities(of(y, errorOf(ey)), of(x, errorOf(ex)));
        expect(back.difference).toBeCloseTo(-forth.difference, 12);
        expect(back.differenceLow).toBeCloseTo(-(forth.differenceHigh ?? 0), 12);
        expect(back.judgement).toBe(forth.judgement);
      }),
    );
  });

  test('a changed figure is one whose interval does not hold 0', () => {
    expect(compareQuantities(of(0, errorOf(1)), of(4.3, errorOf(1))).judgement).toBe('changed');
    expect(compareQuantities(of(0, errorOf(1)), of(4.2, errorOf(1))).judgement).toBe('within-noise');
    const interval = { kind: 'interval', low: 9, high: 14 } as const;
    expect(compareQuantities(of(0, errorOf(0)), of(10, interval)).judgement).toBe('changed');
  });

  test('without an interval nothing is judged, and the reason is told', () => {
    const row = compareQuantities(of(1, errorOf(0.1)), of(9, unknown('it was projected')));
    expect(row).toMatchObject({
      judgement: 'not-judged',
      reason: 'it was projected',
      difference: 8,
      differenceLow: null,
    });
    expect(compareQuantities(of(1, errorOf(null)), of(9, errorOf(1))).judgement).toBe('not-judged');
  });
});

describe('the interval of a quantile', () => {
  const flat = (bars: number, count: number) =>
    Array.from({ length: bars }, (_, i) => ({ fromNs: i * 10, toNs: (i + 1) * 10, count }));

  test('holds the quantile of evenly spread values', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const interval = quantileInterval(flat(100, 100), share);
      expect(interval?.low).toBeLessThan(1000 * share);
      expect(interval?.high).toBeGreaterThan(1000 * share);
    }
  });

  test('narrows with the square root of the count', () => {
    const width = (count: number) => {
      const interval = quantileInterval(flat(1000, count), 0.5);
      return (interval?.high ?? 0) - (interval?.low ?? 0);
    };
    expect(width(10) / width(1000)).toBeCloseTo(10, 0);
  });

  test('is not known beyond the ticks', () => {
    expect(quantileInterval(flat(10, 1), 0.99)).toBeNull();
    expect(quantileInterval([], 0.5)).toBeNull();
  });

  // A fixed sequence: the same on every run.
  test('holds the true median in nearly all of many runs', () => {
    let state = 1;
    const uniform = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    let held = 0;
    for (let run = 0; run < 400; run++) {
      const counts = new Array<number>(20).fill(0);
      for (let i = 0; i < 500; i++) {
        const bar = Math.floor(uniform() * 20);
        counts[bar] = (counts[bar] ?? 0) + 1;
      }
      const interval = quantileInterval(
        counts.map((count, i) => ({ fromNs: i, toNs: i + 1, count })),
        0.5,
      );
      if (interval !== null && interval.low <= 10 && interval.high >= 10) held += 1;
    }
    expect(held / 400).toBeGreaterThan(0.98);
  });
});
