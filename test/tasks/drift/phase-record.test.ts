import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PhaseRecord } from '../../../src/tasks/drift/phase-record.ts';

test('a full record is the record of a slower sampling', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 8 }), (pushes, half) => {
      const record = new PhaseRecord(half * 2);
      for (let i = 0; i < pushes; i++) record.push(i);
      expect(record.points.length).toBeLessThanOrEqual(half * 2);
      expect(Math.log2(record.stride) % 1).toBe(0);
      expect([...record.points]).toEqual(Array.from(record.points, (_, i) => i * record.stride));
      expect(record.points.length).toBe(Math.ceil(pushes / record.stride));
    }),
  );
});

test('a break stays between the points that it came between, however often the record is halved', () => {
  const record = new PhaseRecord(4);
  for (let i = 0; i < 30; i++) {
    if (i === 11) record.break();
    record.push(i);
  }
  const [index = -1] = record.breaks;
  expect(record.points[index - 1]).toBeLessThan(11);
  expect(record.points[index]).toBeGreaterThanOrEqual(11);
});
