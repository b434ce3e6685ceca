import { expect, test } from 'vitest';
import { colourClass, markerAt, PLAIN_STYLE } from '../../../src/report/plot/series.ts';

const look = (style: number) => `${colourClass(style)} ${/d="([^"]+)"/.exec(markerAt(style, [0, 0]))?.[1]}`;

test('no two of sixty-four styles share both colour and marker, and none looks like plain text', () => {
  const looks = Array.from({ length: 64 }, (_, style) => look(style));
  expect(new Set(looks).size).toBe(64);
  expect(looks.map((one) => one.split(' ')[0])).not.toContain(colourClass(PLAIN_STYLE));
  expect(colourClass(8)).toBe(colourClass(0));
});
