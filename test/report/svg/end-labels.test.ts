import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spread } from '../../../src/report/svg/end-labels.ts';

test('labels never overlap, keep the order of their lines, and stay inside where there is room', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 12 }), (wanted) => {
      const places = spread(wanted, 0, 400);
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
  expect(spread([100, 200, 300], 0, 400)).toEqual([100, 200, 300]);
});

test('labels of one line share the room around it', () => {
  expect(spread([100, 100], 0, 400)).toEqual([92, 108]);
});
