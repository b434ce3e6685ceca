import type { DriftEvent, DriftPair, DriftResult } from '../../schema/drift.ts';
import { formatCount, formatNs, formatRatio, formatSignificant } from '../../units.ts';
import { textTable } from './table.ts';

const orDash = (value: number | null, format: (value: number) => string): string =>
  value === null ? '-' : format(value);

/** A rate with one standard error: `+1.20 ppm +/- 0.3 ppb`. */
export const rateText = ({ rateRatio, rateStandardError }: DriftPair): string =>
  rateRatio === null
    ? '-'
    : `${formatRatio(rateRatio)} +/- ${orDash(rateStandardError, formatRatio).replace(/^\+/, '')}`;

const pairRow = (pair: DriftPair): string[] => [
  `${pair.clock} - ${pair.reference}`,
  rateText(pair),
  orDash(pair.atEndNs, formatNs),
  orDash(pair.maxTimeIntervalErrorNs, formatNs),
  formatCount(pair.samples),
  String(pair.events.length),
  pair.independent === null ? 'unknown' : pair.independent ? 'yes' : 'no',
];

const stabilityRow = (point: DriftPair['stability'][number]): string[] => [
  formatNs(point.tauNs),
  ...[point.adev, point.oadev, point.mdev].map((value) => orDash(value, formatSignificant)),
  orDash(point.tdevNs, (ns) => `${formatSignificant(ns)} ns`),
  orDash(point.hdev, formatSignificant),
  String(point.n),
];

function stabilityText(pair: DriftPair): string {
  const head = ['tau', '#adev', '#oadev', '#mdev', '#tdev', '#hdev', '#n'];
  return `${pair.clock} - ${pair.reference}: stability\n${textTable(head, pair.stability.map(stabilityRow))}`;
}

/** Every event once, though those that concern the whole host stand in every pair; the clock named where it matters. */
export function eventLines(pairs: readonly DriftPair[]): DriftEvent[] {
  const all = pairs.flatMap(({ clock, events }) =>
    events.map(({ at, kind, detail }): [string, DriftEvent] => {
      const own = kind === 'step' || kind === 'frequency-step';
      const named = own ? `${clock} ${detail}` : detail;
      return [`${at} ${kind} ${named}`, { at, kind, detail: named }];
    }),
  );
  return [...new Map(all).values()];
}

function eventsText(pairs: readonly DriftPair[]): string {
  const lines = eventLines(pairs).map(({ at, kind, detail }) => `  ${at}  ${kind}: ${detail}`);
  return lines.length === 0 ? 'Events: none.' : ['Events:', ...lines].join('\n');
}

/** The result for people. */
export function driftText(result: DriftResult): string {
  const { pairs, durationNs, intervalNs, windowNs } = result;
  const head = [
    'clocks',
    'rate (1 standard error)',
    '#at end',
    '#max error',
    '#samples',
    '#events',
    'independent',
  ];
  return [
    `Drift over ${formatNs(durationNs)}, a sample each ${formatNs(intervalNs)}, bracket window ${orDash(windowNs, formatNs)}`,
    `One TSC tick counts as 1/${formatSignificant(result.nominalTscHz / 1e6)} us (${result.nominalTscSource}).`,
    '',
    textTable(head, pairs.map(pairRow)),
    ...pairs.map((pair) => `\n${stabilityText(pair)}`),
    '',
    eventsText(pairs),
  ].join('\n');
}
