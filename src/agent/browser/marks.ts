import type { Dimension } from '../../digits.ts';

/** Digits of a fraction that multiples of `step` need. */
function digitsOf(step: number): number {
  let digits = 0;
  const whole = (value: number) => Math.abs(value - Math.round(value)) < 1e-6 * value;
  while (digits < 12 && !whole(step * 10 ** digits)) digits += 1;
  return digits;
}

/** Labels of evenly spaced marks: one unit for all, and as many digits as tell neighbours apart. */
export function markTexts(marks: readonly number[], { units }: Dimension): string[] {
  const largest = Math.max(...marks.map(Math.abs));
  const [size, name] = units.find(([unit]) => largest >= unit) ?? units.at(-1) ?? [1, ''];
  const step = Math.abs((marks[1] ?? 0) - (marks[0] ?? 0)) / size;
  const digits = digitsOf(step);
  return marks.map((mark) => {
    // A sum of steps may miss 0 by a rounding error.
    const value = Math.abs(mark) < (step * size) / 1e6 ? 0 : mark / size;
    return `${value.toFixed(digits).replace('-', '\u2212')} ${name.replace('us', 'µs')}`;
  });
}
