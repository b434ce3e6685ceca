import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endToEnd, rateInterval } from '../../src/tsc/interval.ts';
import { around, bracketsOf } from './made-brackets.ts';

const rate = fc.double({ min: 0.5, max: 6, noNaN: true });
const window = fc.record({
  gap: fc.double({ min: 2, max: 1e6, noNaN: true }),
  lead: fc.double({ min: 0, max: 500, noNaN: true }),
  trail: fc.double({ min: 0, max: 500, noNaN: true }),
});
const windows = fc.array(window, { minLength: 2, maxLength: 50 });

/** What doubles lose in a bound of this size. */
const roundingOf = (bound: number): number => 1e-12 + 1e-14 * Math.abs(bound);

/** Brackets of a clock and a counter that never change, whatever the delays between the reads. */
const steady = (ticksPerNs: number, gaps: ReadonlyArray<{ gap: number; lead: number; trail: number }>) => {
  let at = 1000;
  return bracketsOf(
    gaps.map(({ gap, lead, trail }) => {
      at += gap;
      return around(at, ticksPerNs, lead, trail);
    }),
  );
};

test('the true rate is inside, whatever the delays were', () => {
  fc.assert(
    fc.property(rate, windows, (ticksPerNs, gaps) => {
      const interval = rateInterval(steady(ticksPerNs, gaps));
      return interval !== null && interval.low <= ticksPerNs && interval.high >= ticksPerNs;
    }),
    { numRuns: 500 },
  );
});

test('it is never wider than what the ends alone say', () => {
  fc.assert(
    fc.property(rate, windows, (ticksPerNs, gaps) => {
      const brackets = steady(ticksPerNs, gaps);
      const best = rateInterval(brackets);
      const ends = endToEnd(brackets);
      return (
        best !== null &&
        best.low >= ends.low - roundingOf(ends.low) &&
        best.high <= ends.high + roundingOf(ends.high)
      );
    }),
    { numRuns: 500 },
  );
});

test('more brackets never make it wider', () => {
  fc.assert(
    fc.property(rate, windows, window, (ticksPerNs, gaps, another) => {
      const few = rateInterval(steady(ticksPerNs, gaps));
      const more = rateInterval(steady(ticksPerNs, [...gaps, another]));
      if (few === null || more === null) return false;
      return more.low >= few.low - roundingOf(few.low) && more.high <= few.high + roundingOf(few.high);
    }),
  );
});

test('where no line passes through all brackets, there is none', () => {
  const jump = [0, 1000, 2000, 3000].map((ns) => ({ before: ns, ns, after: ns + 50 }));
  expect(rateInterval(bracketsOf(jump))).not.toBeNull();
  const jumped = jump.map((row, i) =>
    i < 2 ? row : { ...row, before: row.before + 200, after: row.after + 200 },
  );
  // Two and two alone would fit a steeper line; a third on either side does not.
  expect(rateInterval(bracketsOf([...jumped, { before: 4200, ns: 4000, after: 4250 }]))).toBeNull();
});

test('a change of rate is seen as soon as it passes the windows', () => {
  const rows = Array.from({ length: 100 }, (_, i) => {
    const ns = i * 10_000;
    const ticks = 2.5 * ns + (i > 50 ? (i - 50) * 10_000 * 2.5 * 500e-6 : 0);
    return { before: ticks - 50, ns, after: ticks + 50 };
  });
  expect(rateInterval(bracketsOf(rows.slice(0, 50)))).not.toBeNull();
  expect(rateInterval(bracketsOf(rows))).toBeNull();
});

test('a coarse clock is believed only to its resolution', () => {
  const rows = Array.from({ length: 50 }, (_, i) => {
    const at = i * 7919;
    const ns = Math.floor(at / 279) * 279;
    return { before: 2.5 * at - 20, ns, after: 2.5 * at + 20 };
  });
  expect(rateInterval(bracketsOf(rows, 1))).toBeNull();
  const interval = rateInterval(bracketsOf(rows, 279));
  expect(interval?.low).toBeLessThan(2.5);
  expect(interval?.high).toBeGreaterThan(2.5);
});

test('its ends are the steepest and the flattest line that each two brackets allow', () => {
  fc.assert(
    fc.property(rate, windows, fc.integer({ min: 1, max: 5 }), (ticksPerNs, gaps, resolutionNs) => {
      const brackets = { ...steady(ticksPerNs, gaps), resolutionNs };
      const { before, ns, after } = brackets;
      let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (let i = 0; i < ns.length; i++)
        for (let j = i; j < ns.length; j++) {
          const elapsed = (ns[j] as number) - (ns[i] as number);
          low = Math.max(low, ((before[j] as number) - (after[i] as number)) / (elapsed + resolutionNs));
          if (elapsed > resolutionNs)
            high = Math.min(high, ((after[j] as number) - (before[i] as number)) / (elapsed - resolutionNs));
        }
      // Where the two meet, rounding decides whether there is a line.
      fc.pre(high - low > 1e-6 * Math.abs(high));
      const found = rateInterval(brackets);
      const elapsed = (ns.at(-1) as number) - (ns[0] as number);
      if (elapsed <= resolutionNs) return found === null;
      return (
        found !== null &&
        Math.abs(found.low - low) <= 1e-9 * Math.abs(low) + roundingOf(low) &&
        Math.abs(found.high - high) <= 1e-9 * Math.abs(high) + roundingOf(high)
      );
    }),
    { numRuns: 300 },
  );
});

test('a single moment says nothing', () => {
  expect(rateInterval(bracketsOf([{ before: 0, ns: 0, after: 50 }]))).toBeNull();
  expect(rateInterval(bracketsOf([]))).toBeNull();
});

test('between the ends: the narrowest of the first and of the last 64 brackets, a quarter of a short run', () => {
  const run = (count: number, narrow: readonly number[]) =>
    endToEnd(
      bracketsOf(
        Array.from({ length: count }, (_, i) => {
          const half = narrow.includes(i) ? 10 : 50;
          return { before: 2.5e4 * i - half, ns: 1e4 * i, after: 2.5e4 * i + half };
        }),
      ),
    );
  const widthOf = ({ low, high }: ReturnType<typeof endToEnd>, ns: number) => ((high - low) * ns) / 2;
  // Half a window at either end, and the clock's step of 1 ns.
  expect(widthOf(run(400, [63, 336]), (336 - 63) * 1e4)).toBeCloseTo(20 + 2.5, 2);
  expect(widthOf(run(400, [64, 335]), 399e4 - 64e4)).toBeGreaterThan(80);
  expect(widthOf(run(40, [9, 30]), 21e4)).toBeCloseTo(20 + 2.5, 2);
  expect(widthOf(run(40, [10, 29]), 30e4)).toBeGreaterThan(80);
});
