import type { DriftPair, DriftResult } from '../../../schema/drift.ts';
import { formatCount, formatNs } from '../../../units.ts';
import { timeUnit } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import { eventLines, rateText } from '../../text/drift.ts';
import { driftVerdict } from '../../verdicts/drift.ts';
import { caption, heading, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';

/** What a pair is called. */
export const pairName = ({ clock, reference }: DriftPair): string => `${clock} - ${reference}`;

function timeErrorFigure({ pairs, intervalNs, durationNs }: DriftResult): string {
  const largest = Math.max(0, ...pairs.flatMap((pair) => pair.timeError.map(([, ns]) => Math.abs(ns))));
  const unit = timeUnit(largest);
  return plotFigure(
    {
      title: 'Time error of each clock over the run',
      x: { label: 'time (s)', scale: 'linear' },
      y: { label: `time error (${unit.unit})`, scale: 'linear', include: [0] },
      series: pairs.map((pair) => ({
        label: pairName(pair),
        as: 'line',
        points: pair.timeError.map(([atNs, ns]) => [atNs / 1e9, ns / unit.ns] as const),
      })),
    },
    caption(
      `What each clock has gained on the reference since the start: a sample each ${formatNs(intervalNs)} for ${formatNs(durationNs)}, the narrowest of a burst of brackets (TSC, clock, TSC) each time.`,
    ),
  );
}

const pairRow = (pair: DriftPair): string[] => [
  pairName(pair),
  rateText(pair),
  pair.atEndNs === null ? '-' : formatNs(pair.atEndNs),
  pair.maxTimeIntervalErrorNs === null ? '-' : formatNs(pair.maxTimeIntervalErrorNs),
  formatCount(pair.samples),
  `${pair.independent === null ? 'not known' : pair.independent ? 'yes' : 'no'}: ${pair.independentReason}`,
];

/** How the clocks ran against one another. */
export function driftSection(result: DriftResult): Section {
  const events = eventLines(result.pairs);
  const html = [
    paragraph(driftVerdict(result).text, 'lead'),
    timeErrorFigure(result),
    table(
      [
        'clocks',
        '#rate (1 standard error)',
        '#at the end',
        '#largest time interval error',
        '#samples',
        'independent',
      ],
      result.pairs.map(pairRow),
    ),
    events.length === 0
      ? ''
      : heading('Events') +
        table(
          ['at', 'event', 'detail'],
          events.map(({ at, kind, detail }) => [at, kind, detail]),
        ),
  ];
  return { id: 'drift', title: 'Drift', html: html.join('') };
}
