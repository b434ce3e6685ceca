import { group } from 'd3-array';
import { median, studentQuantile } from '../../statistics.ts';
import { robustDegrees, robustDeviation } from './robust.ts';

/** A host's figure, to be held against its peers': a rate less 1, or anything else that peers have alike. */
export interface PeerFigure {
  readonly host: number;
  readonly peers: string;
  readonly value: number;
  /** Its standard error; 0 where it is exact. */
  readonly standardError: number;
}

/** Where a host stands among its peers. */
export interface Standing extends PeerFigure {
  /** How many hosts its peers are, itself counted. */
  readonly size: number;
  /** The median of its peers' figures. */
  readonly middle: number;
  /** Their spread: the median distance from the middle, scaled to a normal distribution's standard deviation. */
  readonly spread: number;
  /** Its distance from the middle by what peers' spread and its own error explain; null of a group too small to judge. */
  readonly score: number | null;
  readonly outlier: boolean;
}

/** Of a hundred fleets in which every host is as its peers are, one has an outlier named. */
export const FLEET_FALSE_ALARM_RATIO = 0.01;
/** A spread from fewer hosts than this says nothing. */
export const LEAST_PEERS = 8;
/**
 * Holds each host's figure against its peers' by a robust score, so that outliers do not hide one another.
 *
 * The limit is Student's t at the degrees of freedom that the group's spread is worth, shared by all hosts of the fleet
 * (Bonferroni): FLEET_FALSE_ALARM_RATIO is a promise for the whole.
 *
 * @returns in descending order of the score; hosts of groups too small to judge at the end.
 */
export function standings(figures: readonly PeerFigure[]): Standing[] {
  const found: Standing[] = [];
  for (const peers of group(figures, ({ peers }) => peers).values()) {
    const middle = median(peers.map(({ value }) => value));
    const spread = robustDeviation(peers.map(({ value }) => value - middle));
    const degrees = robustDegrees(peers.length);
    const limit = studentQuantile(FLEET_FALSE_ALARM_RATIO / 2 / figures.length, degrees);
    for (const figure of peers) {
      const reach = Math.hypot(spread, figure.standardError);
      const score =
        peers.length < LEAST_PEERS
          ? null
          : figure.value === middle
            ? 0
            : Math.abs(figure.value - middle) / reach;
      found.push({
        ...figure,
        size: peers.length,
        middle,
        spread,
        score,
        outlier: score !== null && score > limit,
      });
    }
  }
  return found.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
}
