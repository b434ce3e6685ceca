import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endLabels, pushedApart } from '../../../src/report/plot/end-labels.ts';

const lines = (wanted: readonly number[]) => wanted.map((y) => ({ y, height: 16 }));

test('labels never overlap, keep the order of their lines, and stay inside where there is room', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 12 }), (wanted) => {
      const places = pushedApart(lines(wanted), 0, 400);
      const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
      const inOrder = order.map(({ i }) => places[i] ?? Number.NaN);
      inOrder.slice(1).forEach((place, i) => {
        expect(place - (inOrder[i] ?? 0)).toBeGreaterThanOrEqual(16 - 1e-9);
      });
      for (const place of places) {
        expect(place).toBeGreaterThanOrEqual(8 - 1e-9);
        expect(place).toBeLessThanOrEqual(392 + 1e-9);
      }
    }),
  );
});

test('a label with room stays beside its line', () => {
  expect(pushedApart(lines([100, 200, 300]), 0, 400)).toEqual([100, 200, 300]);
});

test('labels of one line share the room around it', () => {
  expect(pushedApart(lines([100, 100]), 0, 400)).toEqual([92, 108]);
});

test('a label of two names takes the room of both', () => {
  expect(
    pushedApart(
      [
        { y: 100, height: 32 },
        { y: 100, height: 16 },
      ],
      0,
      400,
    ),
  ).toEqual([92, 116]);
});

test('names that share an end stand under one another, with one leader and a bracket', () => {
  const label = {
    x: 90,
    y: 50,
    names: [
      { text: 'clamp', style: 2 },
      { text: 'gate', style: 7 },
    ],
  };
  expect(endLabels([label], 100, 0, 400)).toBe(
    '<g class="s2"><path class="leader" d="M95 50L114 50M114 36v28"></path>' +
      '<g class="s2"><text x="118" y="46" text-anchor="start" class="own">clamp</text></g>' +
      '<g class="s7"><text x="118" y="62" text-anchor="start" class="own">gate</text></g></g>',
  );
});
