import { pairs } from 'd3-array';
import type { DriftPair } from '../../schema/drift.ts';

/** The slopes of the Allan deviation on log-log axes, and the noise that each indicates (NIST SP 1065, 3.3). */
export const NOISES = [
  { value: -1, slope: '-1', name: 'white or flicker phase' },
  { value: -0.5, slope: '-1/2', name: 'white frequency' },
  { value: 0, slope: '0', name: 'flicker frequency' },
  { value: 0.5, slope: '+1/2', name: 'random walk of frequency' },
  { value: 1, slope: '+1', name: 'drift of frequency' },
] as const;

interface Point {
  readonly tau: number;
  readonly oadev: number;
}

const logLogSlope = (a: Point, b: Point): number => Math.log(b.oadev / a.oadev) / Math.log(b.tau / a.tau);

const nearest = (slope: number): string =>
  NOISES.reduce((best, noise) =>
    Math.abs(noise.value - slope) < Math.abs(best.value - slope) ? noise : best,
  ).name;

/** Fewer terms than this leave the deviation too uncertain to name a slope. */
const LEAST_TERMS = 10;

/** Neighbouring averaging times over which one noise prevails, as one range each, with the mean slope. Pure. */
export function localSlopes(stability: DriftPair['stability']) {
  const points = stability.flatMap(({ tauNs, oadev, n }): Point[] =>
    oadev === null || oadev <= 0 || n < LEAST_TERMS ? [] : [{ tau: tauNs, oadev }],
  );
  const ranges: Array<{ from: Point; to: Point; noise: string }> = [];
  for (const [from, to] of pairs(points)) {
    const noise = nearest(logLogSlope(from, to));
    const last = ranges.at(-1);
    if (last?.noise === noise) last.to = to;
    else ranges.push({ from, to, noise });
  }
  return ranges.map(({ from, to, noise }) => ({
    fromNs: from.tau,
    toNs: to.tau,
    slope: logLogSlope(from, to),
    noise,
  }));
}
