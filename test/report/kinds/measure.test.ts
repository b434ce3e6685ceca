import { expect, test } from 'vitest';
import { measureText } from '../../../src/report/parts.ts';
import { wrap } from '../../../src/report/words.ts';
import type { MeasureResult } from '../../../src/schema/measure.ts';
import { fixtureParts } from '../fixture.ts';

const result = (): MeasureResult => ({ quick: false, ...fixtureParts(), skipped: [] });

test('fits a mail: no line over 104 characters, plain ASCII, nothing undefined', () => {
  const text = measureText(result());
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(104);
  expect(text).toMatch(/^[\n -~]*$/);
  expect(text).not.toMatch(/undefined|NaN|\[object/);
});

test.each(['calibrate', 'timer', 'drift', 'stop', 'kvm'] as const)(
  'without %s, it says why and shows the rest',
  (part) => {
    const whole = measureText(result());
    const text = measureText({ ...result(), [part]: null, skipped: [{ part, reason: 'this host cannot' }] });
    expect(text).toContain(`Skipped ${part}: this host cannot`);
    expect(text.split('\n\n')).toHaveLength(whole.split('\n\n').length);
  },
);

test('wrap breaks at spaces only, and keeps every word', () => {
  const text = 'a bb ccc dddd eeeee-which-is-longer-than-a-line f';
  expect(wrap(text, 8)).toEqual(['a bb ccc', 'dddd', 'eeeee-which-is-longer-than-a-line', 'f']);
  expect(wrap(text, 8).join(' ')).toBe(text);
  expect(wrap('', 8)).toEqual(['']);
  expect(wrap('about 12.5 ms', 10)).toEqual(['about', '12.5 ms']);
});
