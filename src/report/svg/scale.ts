/** Maps values of one axis to pixels, and says where its marks go. */
export interface Scale {
  (value: number): number;
  readonly marks: readonly number[];
}

type Range = readonly [from: number, to: number];

/** Steps that people count in: 1, 2 or 5 times a power of ten, at most `most` of them over `span`. */
function niceStep(span: number, most: number): number {
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

/** A linear scale that starts and ends on a mark. */
export function linearScale([low, high]: Range, [from, to]: Range, most = 6): Scale {
  const span = high > low ? high - low : Math.abs(low) || 1;
  const step = niceStep(span, most);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const marks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
  const slope = (to - from) / ((last - first) * step);
  return Object.assign((value: number) => from + (value - first * step) * slope, { marks });
}

/** A logarithmic scale over whole decades; values at or below zero sit on the lowest one. */
export function logScale([low, high]: Range, [from, to]: Range, most = 8): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  const every = Math.ceil((last - first) / most);
  const marks: number[] = [];
  for (let decade = first; decade <= last; decade += every) marks.push(10 ** decade);
  const slope = (to - from) / (last - first);
  const place = (value: number) =>
    from + (Math.max(first, Math.log10(Math.max(value, 1e-300))) - first) * slope;
  return Object.assign(place, { marks });
}
