import { describe, expect, test } from 'vitest';
import { SERIES_COLOURS, THEMES } from '../../src/report/style.ts';

type Triple = readonly [number, number, number];

const linear = (hex: string): Triple => {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
};
const luminance = ([r, g, b]: Triple) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** WCAG 2.2's contrast ratio. */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

// Machado, Oliveira and Fernandes (2009), severity 1.
const SIGHT: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  'every cone': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIELAB of a colour as that sight has it. */
function lab(hex: string, sight: readonly [Triple, Triple, Triple]): Triple {
  const rgb = linear(hex);
  const seen = sight.map((row) =>
    Math.min(1, Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])),
  );
  const [r = 0, g = 0, b = 0] = seen;
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const distance = (a: Triple, b: Triple) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const { paper, card, line: _, ...inks } = THEMES[theme];

  test.each([
    ...Object.entries(inks),
    ...SERIES_COLOURS[theme].map((colour, i) => [`series ${i}`, colour] as const),
  ])('%s can be read as text', (_name, colour) => {
    expect(contrast(colour, paper)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(Object.entries(inks))('%s can be read on a card', (_name, colour) => {
    expect(contrast(colour, card)).toBeGreaterThanOrEqual(4.5);
  });

  // Two of eight that are hard to tell apart still differ in their markers.
  test.each(Object.entries(SIGHT))('the series can be told apart with %s', (_name, sight) => {
    const colours = SERIES_COLOURS[theme].map((colour) => lab(colour, sight));
    colours.forEach((a, i) => {
      for (const b of colours.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(15);
    });
  });
});
