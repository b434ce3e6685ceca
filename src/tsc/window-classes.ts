import { median } from '../statistics.ts';
import { type Brackets, windowsOf } from './bracket.ts';

/**
 * Brackets whose windows are equally long. They have gone the same way through the processor, so the clock was
 * read at nearly the same place in each.
 */
export interface WindowClass {
  /** How much wider the windows are than the narrowest class's, ticks: room for the clock's reading to move in. */
  readonly room: number;
  /** The clock, ns. */
  readonly x: Float64Array;
  /** The middle of the bracket less the line it is compared with, ticks. */
  readonly y: Float64Array;
  readonly batch: Int32Array;
}

/** A class with fewer brackets says nothing about its own scatter. */
const LEAST_IN_CLASS = 8;

/** Brackets farther than this many (robust) standard deviations from their class were read another way. */
const TRIM = 3;

/** Standard deviations of normal noise in one median absolute deviation. */
const SIGMAS_PER_MAD = 1.4826;

/** The numbers of those whose windows are equally long, for each window length that has enough of them; not for NaN. */
export function membersOf(windows: ArrayLike<number>): [window: number, indices: number[]][] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < windows.length; i++) {
    const window = windows[i] as number;
    const indices = members.get(window);
    if (indices !== undefined) indices.push(i);
    else if (!Number.isNaN(window)) members.set(window, [i]);
  }
  return [...members].filter(([, indices]) => indices.length >= LEAST_IN_CLASS);
}

/** The classes that have enough brackets, relative to a line through the origin of slope `ticksPerNs`. */
export function classesOf(brackets: Brackets, ticksPerNs: number): WindowClass[] {
  const populated = membersOf(windowsOf(brackets));
  const narrowest = Math.min(...populated.map(([window]) => window));
  return populated.map(([window, indices]) => ({
    room: window - narrowest,
    x: Float64Array.from(indices, (i) => brackets.ns[i] ?? 0),
    y: Float64Array.from(indices, (i) => {
      const middle = ((brackets.before[i] ?? 0) + (brackets.after[i] ?? 0)) / 2;
      return middle - ticksPerNs * (brackets.ns[i] ?? 0);
    }),
    batch: Int32Array.from(indices, (i) => brackets.batch[i] ?? 0),
  }));
}

/**
 * The class without the brackets that read the clock one step of the counter earlier or later than most. Those
 * come in bursts, and would tilt a line.
 *
 * @param leastSigma standard deviation that the clock's rounding alone causes, ticks.
 */
export function trimmed({ room, x, y, batch }: WindowClass, leastSigma: number): WindowClass {
  const middle = median(y);
  const deviation = median(y.map((value) => Math.abs(value - middle)));
  const limit = TRIM * Math.max(SIGMAS_PER_MAD * deviation, leastSigma);
  const near = (_: number, i: number) => Math.abs((y[i] ?? 0) - middle) <= limit;
  return { room, x: x.filter(near), y: y.filter(near), batch: batch.filter(near) };
}
