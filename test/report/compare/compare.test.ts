import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRuns, type Named } from '../../../src/report/compare/compare.ts';
import { FALSE_ALARM_RATIO, judge } from '../../../src/report/compare/judge.ts';
import type { Quantity, RunSpread } from '../../../src/report/compare/quantities.ts';
import { compareText } from '../../../src/report/compare/text.ts';
import { inputOf, ofHost, type ReportInput } from '../../../src/report/input.ts';
import { compareResultSchema } from '../../../src/schema/compare.ts';
import { fixture, fixtureParts } from '../fixture.ts';

const a: Named = { name: 'a.json', input: fixture() };
const withParts = (parts: ReportInput['parts']): Named => ({
  name: 'b.json',
  input: { ...fixture(), parts },
});
const changedIn = (one: Named, other: Named): string[] =>
  compareRuns([one], [other]).quantities.flatMap(({ judgement, quantity }) =>
    judgement === 'changed' ? [quantity] : [],
  );

describe('two documents', () => {
  test('a run against itself: nothing differs', () => {
    const result = compareRuns([a], [{ ...a, name: 'b.json' }]);
    expect(compareResultSchema.parse(result)).toEqual(result);
    expect(result.facts).toEqual([]);
    expect(result.onlyIn).toEqual({ a: [], b: [] });
    expect(result.quantities.length).toBeGreaterThan(10);
    expect(result.quantities.filter(({ judgement }) => judgement === 'changed')).toEqual([]);
  });

  test('what is said of it', async () => {
    await expect(`${compareText(compareRuns([a], [{ ...a, name: 'b.json' }]))}\n`).toMatchFileSnapshot(
      'compare.txt',
    );
  });

  test('the same mult and shift are no change of the rate, whatever the run measured; another one is', () => {
    const { calibrate } = fixtureParts();
    const { kernel } = calibrate;
    if (kernel?.hz == null) throw new Error('the fixture has no ratio');
    const off = { ...calibrate, tscHz: calibrate.tscHz * (1 + 1e-8) };
    expect(changedIn(a, withParts({ calibrate: off }))).toEqual([]);
    const hz = kernel.hz * (1 + 1e-9);
    expect(changedIn(a, withParts({ calibrate: { ...calibrate, kernel: { ...kernel, hz } } }))).toEqual([
      "TSC rate by the kernel's mult and shift",
    ]);
  });

  test('against another oscillator, the rate is held against its standard error', () => {
    const { calibrate } = fixtureParts();
    const measured = (sigmas: number) =>
      withParts({
        calibrate: {
          ...calibrate,
          kernel: null,
          tscHz: calibrate.tscHz * (1 + sigmas * calibrate.standardErrorRatio),
        },
      });
    expect(changedIn(measured(0), measured(2))).toEqual([]);
    expect(changedIn(measured(0), measured(8))).toEqual(['TSC rate against monotonic_raw']);
  });

  test('a timer ten times later is a change, twice later is not', () => {
    const { timer } = fixtureParts();
    const times = (factor: number) => {
      const late = timer.latenessNs;
      if (late === null) throw new Error('the fixture has no lateness');
      return withParts({ timer: { ...timer, latenessNs: { ...late, p50: late.p50 * factor } } });
    };
    expect(changedIn(times(1), times(2))).toEqual([]);
    expect(changedIn(times(1), times(10))).toEqual(['lateness p50 (hrtimer, 1 ms)']);
  });

  test('facts that differ, parts that only one has, and another verdict are named', () => {
    const input = fixture();
    const { kvm, calibrate } = fixtureParts();
    const b: Named = {
      name: 'b.json',
      input: {
        ...input,
        host: { ...input.host, kernel: '6.12.117', clocksource: null },
        parts: { kvm: { ...kvm, verdict: 'clamps' as const }, calibrate },
      },
    };
    const result = compareRuns([a], [b]);
    expect(result.facts).toContainEqual({ fact: 'kernel', a: input.host.kernel, b: '6.12.117' });
    expect(result.facts).toContainEqual({ fact: 'clocksource', a: input.host.clocksource, b: null });
    expect(result.facts.map(({ fact }) => fact)).toContain("KVM's verdict");
    expect(result.onlyIn.a).toEqual(expect.arrayContaining(['timer', 'drift', 'stop', 'host']));
    expect(compareText(result)).toContain('Only A has: ');
  });

  test('the facts that differ stand in a table, those that are not known too', () => {
    const input = fixture();
    const b: Named = {
      name: 'b.json',
      input: { ...input, host: { ...input.host, kernel: '6.12.117', clocksource: null } },
    };
    const [, table] = compareText(compareRuns([a], [b])).split('\n\n');
    expect(table?.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['Facts that differ'],
      ['', 'A', 'B'],
      ['kernel', input.host.kernel, '6.12.117'],
      ['clocksource', input.host.clocksource, 'not known'],
    ]);
  });

  test('a figure of no spread or no size is compared by no one; a price may be below 0', () => {
    const { calibrate, timer, drift, stop } = fixtureParts();
    const { latenessNs } = timer;
    const [pair] = drift.pairs;
    if (latenessNs === null || pair === undefined || stop.tickCost === null)
      throw new Error('the fixture lacks a figure');
    const named = (parts: ReportInput['parts']) =>
      compareRuns([withParts(parts)], [withParts(parts)]).quantities.map(({ quantity }) => quantity);
    const rate = (standardErrorRatio: number) =>
      named({ calibrate: { ...calibrate, kernel: null, trueRate: null, standardErrorRatio } });
    expect([rate(0), rate(1e-12)]).toEqual([[], ['TSC rate against monotonic_raw']]);
    const late = (p50: number) =>
      named({ timer: { ...timer, divergence: null, latenessNs: { ...latenessNs, p50 } } });
    expect(late(1)).toEqual([
      'lateness p50 (hrtimer, 1 ms)',
      'lateness p90 (hrtimer, 1 ms)',
      'lateness p99 (hrtimer, 1 ms)',
      'lateness p99.9 (hrtimer, 1 ms)',
    ]);
    for (const p50 of [0, -1]) expect(late(p50)).toEqual(late(1).slice(1));
    expect(named({ timer: { ...timer, divergence: null, latenessNs: null } })).toEqual([]);
    const pairs = [{ ...pair, rateStandardError: null }];
    expect(named({ drift: { ...drift, pairs } })).toEqual([]);
    const tickCost = stop.tickCost.map((cost) => ({ ...cost, overCatchUpNs: -1 }));
    expect(named({ stop: { ...stop, tickCost } })).toContain('tick: clamp over catch-up');
  });

  test('documents without a part in common compare by their hosts', () => {
    const { timer, kvm } = fixtureParts();
    const result = compareRuns([withParts({ timer })], [withParts({ kvm })]);
    expect(result.quantities).toEqual([]);
    expect(compareText(result)).toContain('Only B has: kvm');
  });

  test('simulated stops repeat exactly', () => {
    const { stop } = fixtureParts();
    const simulated = (factor: number) =>
      withParts({
        stop: {
          ...stop,
          simulated: true,
          tickCost: null,
          rows: stop.rows.map((row) =>
            row.policy === 'clamp' ? { ...row, recoveryNs: row.recoveryNs * factor } : row,
          ),
        },
      });
    const judgements = compareRuns([simulated(1)], [simulated(1)]).quantities.map(
      ({ judgement }) => judgement,
    );
    expect(new Set(judgements)).toEqual(new Set(['same']));
    // No spread was used, and none is spoken of.
    expect(compareText(compareRuns([simulated(1)], [simulated(1)]))).not.toContain('The spread between runs');
    expect(changedIn(simulated(1), simulated(1.001))).toEqual(['mean recovery under clamp (10 of 10 stops)']);
  });

  test('projected rows are compared by no one', () => {
    const { stop } = fixtureParts();
    const names = compareRuns([withParts({ stop })], [withParts({ stop })]).quantities.map(
      ({ quantity }) => quantity,
    );
    expect(names).toContain('mean recovery under catch-up (5 of 10 stops)');
  });
});

test("a rate of drift is held against its standard error and a twentieth of a bracket's width over the run", () => {
  const { drift } = fixtureParts();
  const [pair] = drift.pairs;
  if (pair === undefined) throw new Error('the fixture has no pair');
  const at = (rateRatio: number) =>
    withParts({
      drift: {
        ...drift,
        windowNs: 40,
        durationNs: 1e9,
        pairs: [{ ...pair, rateRatio, rateStandardError: 1e-13 }],
      },
    });
  // 0.05 * 40 ns in a second are 2 ppb; times t(0.005, 20) = 2.845 and the root of two: 8.05 ppb.
  expect(changedIn(at(0), at(8.0e-9))).toEqual([]);
  expect(changedIn(at(0), at(8.1e-9))).toEqual(['tsc - monotonic_raw: rate']);
});

/** Runs of `measure --quick` on one host, one after another, as scripts/compare-between-runs.mjs keeps them. */
const recorded = (): Named[] => {
  const file = join(import.meta.dirname, 'idle-runs.json.gz');
  const documents: unknown[] = JSON.parse(gunzipSync(readFileSync(file)).toString());
  return documents.map((document, i) => ({ name: `${i}`, input: ofHost(inputOf(document, `${i}`), `${i}`) }));
};

test('of twenty pairs of recorded runs that follow one another at most one is called changed, and of all pairs two in a hundred', () => {
  const runs = recorded();
  expect(runs).toHaveLength(21);
  const alarms = (pairs: ReadonlyArray<readonly [Named, Named]>) =>
    pairs.filter(([one, other]) => changedIn(one, other).length > 0).length;
  const following = runs.slice(1).map((run, i) => [runs[i] as Named, run] as const);
  expect(alarms(following)).toBeLessThanOrEqual(1);
  const all = runs.flatMap((one, i) => runs.slice(i + 1).map((other) => [one, other] as const));
  expect(alarms(all) / all.length).toBeLessThanOrEqual(2 * FALSE_ALARM_RATIO);
  // And they are not all found alike because nothing could differ: a change of the clamp's cost shows.
  const [first, second] = runs;
  const stop = second?.input.parts.stop;
  if (first === undefined || second === undefined || !stop) throw new Error('the recording has no stop');
  const rows = stop.rows.map((row) =>
    row.policy === 'clamp' ? { ...row, recoveryNs: row.recoveryNs * 10 } : row,
  );
  const slower = { ...second, input: { ...second.input, parts: { stop: { ...stop, rows } } } };
  expect(changedIn(first, slower)).toEqual([expect.stringContaining('mean recovery under clamp')]);
});

const figure = (value: number, typical: RunSpread | null): Quantity => ({
  part: 'drift',
  name: 'rate',
  unit: 'ratio',
  value,
  typical,
});
const of = (values: readonly number[], typical: RunSpread | null = { of: 'value', deviation: 1 }) =>
  values.map((value) => figure(value, typical));

describe('one figure', () => {
  test('swapped, the difference and its interval change sign and nothing else', () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(value, value, (x, y) => {
        const forth = judge({ a: of([x]), b: of([y]), history: [] }, 5);
        const back = judge({ a: of([y]), b: of([x]), history: [] }, 5);
        expect(back.difference).toBeCloseTo(-forth.difference, 12);
        expect(back.differenceLow).toBeCloseTo(-forth.differenceHigh, 12);
        expect(back.judgement).toBe(forth.judgement);
      }),
    );
  });

  test('a changed figure is one whose interval does not hold 0', () => {
    // t(0.005, 20) = 2.845, of a difference with a deviation of the root of two: 4.024.
    const judged = (moved: number) => judge({ a: of([0]), b: of([moved]), history: [] }, 1);
    expect(judged(4.04)).toMatchObject({ judgement: 'changed', spread: 1, difference: 4.04 });
    expect(judged(4.01)).toMatchObject({ judgement: 'within-noise' });
    expect(judged(4.04).differenceLow).toBeGreaterThan(0);
  });

  test('runs that agree among themselves, or earlier ones that did, find smaller changes; those that differ, larger ones', () => {
    const judged = (first: number[], second: number[], history: number[] = []) =>
      judge({ a: of(first), b: of(second), history: of(history) }, 1).judgement;
    expect(judged([0, 0, 0, 0], [2.5, 2.5, 2.5, 2.5])).toBe('changed');
    expect(judged([0], [2.5])).toBe('within-noise');
    expect(judged([0], [3], new Array(40).fill(0))).toBe('changed');
    expect(judged([-9, 9, -9, 9], [2.5, 2.5, 2.5, 2.5])).toBe('within-noise');
  });

  test('of durations the ratio counts', () => {
    const log = { of: 'logarithm', deviation: 0.3 } as const;
    const row = judge({ a: of([100], log), b: of([1000], log), history: [] }, 1);
    expect(row.judgement).toBe('changed');
    expect([row.a, row.b]).toEqual([expect.closeTo(100), expect.closeTo(1000)]);
    expect(row.differenceLow).toBeCloseTo(100 * (10 / Math.exp(2.845 * 0.3 * Math.SQRT2) - 1), -1);
  });

  // A fixed sequence: the same on every run.
  test('where nothing changed, about one comparison in a hundred says otherwise', () => {
    let state = 1;
    const uniform = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const figures = 24;
    const comparisons = 2_000;
    for (const runs of [1, 3]) {
      const side = () => of(Array.from({ length: runs }, normal));
      let alarms = 0;
      for (let i = 0; i < comparisons; i++) {
        const rows = Array.from({ length: figures }, () =>
          judge({ a: side(), b: side(), history: [] }, figures),
        );
        if (rows.some(({ judgement }) => judgement === 'changed')) alarms += 1;
      }
      // The spread is known here, so that Student's t is on the safe side for one run.
      expect(alarms / comparisons).toBeLessThan(1.6 * FALSE_ALARM_RATIO);
      if (runs === 3) expect(alarms).toBeGreaterThan(0);
    }
  });
});
