import type { DriftPair, DriftResult } from '../../../schema/drift.ts';
import { formatCount, formatNs } from '../../../units.ts';
import { timeUnit } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import { eventLines, rateText } from '../../text/drift.ts';
import { caption, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';
import { eventsTable } from './drift-events.ts';

function timeErrorFigure({ pairs, reference, intervalNs, durationNs }: DriftResult): string {
  const largest = Math.max(0, ...pairs.flatMap((pair) => pair.timeError.map(([, ns]) => Math.abs(ns))));
  const unit = timeUnit(largest);
  return plotFigure(
    {
      title: 'Time error of each clock over the run',
      x: { label: 'time (s)', scale: 'linear' },
      y: { label: `time error against ${reference} (${unit.unit})`, scale: 'linear', include: [0] },
      series: pairs.map((pair) => ({
        label: pair.clock,
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
  pair.clock,
  rateText(pair),
  pair.atEndNs === null ? '-' : formatNs(pair.atEndNs),
  pair.maxTimeIntervalErrorNs === null ? '-' : formatNs(pair.maxTimeIntervalErrorNs),
  formatCount(pair.samples),
  pair.independent === null ? 'not known' : pair.independent ? 'yes' : 'no',
];

/** Why each pair is independent or not; what holds for all of them is said once. */
function independence(pairs: readonly DriftPair[]): string {
  const reasons = new Map<string, string[]>();
  for (const { clock, independentReason } of pairs) {
    reasons.set(independentReason, [...(reasons.get(independentReason) ?? []), clock]);
  }
  return [...reasons].map(([reason, clocks]) => `${clocks.join(', ')}: ${reason}.`).join(' ');
}

/** How the clocks ran against one another. */
export function driftSection(result: DriftResult): Section {
  const { pairs, reference, nominalTscHz, nominalTscSource } = result;
  const head = [
    `against ${reference}`,
    '#rate (1 s.e.)',
    '#at the end',
    '#largest error',
    '#samples',
    'independent',
  ];
  const html = [
    timeErrorFigure(result),
    table(head, pairs.map(pairRow)),
    paragraph(
      `${independence(pairs)} One tick of the TSC counts as 1/${nominalTscHz} s: ${nominalTscSource}.`,
      'faint',
    ),
    eventsTable(eventLines(pairs)),
  ];
  return { id: 'drift', title: 'Drift', html: html.join('') };
}
