import type { DriftResult } from '../../../schema/drift.ts';
import { formatCount, formatNs, formatSignificant } from '../../../units.ts';
import { plotFigure } from '../../svg/plot.ts';
import { rateText } from '../../text/drift.ts';
import { caption, type Section, table } from '../page.ts';

const timeError = ({ pairs }: DriftResult): string =>
  plotFigure({
    title: 'Time error of each clock over the run',
    x: { label: 'time (s)', scale: 'linear', format: formatSignificant },
    y: { label: 'time error (ns)', scale: 'linear', format: formatSignificant },
    series: pairs.map((pair) => ({
      label: `${pair.clock} - ${pair.reference}`,
      as: 'line',
      points: pair.timeError.map(([atNs, ns]) => [atNs / 1e9, ns] as const),
    })),
  });

const stability = ({ pairs }: DriftResult): string =>
  plotFigure({
    title: 'Overlapping Allan deviation of each pair',
    x: { label: 'averaging time (s)', scale: 'log', format: formatSignificant },
    y: { label: 'overlapping Allan deviation', scale: 'log', format: (value) => value.toExponential(0) },
    series: pairs.map((pair) => ({
      label: `${pair.clock} - ${pair.reference}`,
      as: 'line',
      points: pair.stability.flatMap(({ tauNs, oadev }) => (oadev ? [[tauNs / 1e9, oadev] as const] : [])),
    })),
  });

/** How the clocks ran against one another. */
export function driftSection(result: DriftResult): Section {
  const rows = result.pairs.map((pair) => [
    `${pair.clock} - ${pair.reference}`,
    rateText(pair),
    pair.atEndNs === null ? '-' : formatNs(pair.atEndNs),
    formatCount(pair.samples),
    pair.events.map(({ kind, detail }) => `${kind}: ${detail}`).join('; ') || 'none',
    `${pair.independent === null ? 'unknown' : pair.independent ? 'yes' : 'no'} (${pair.independentReason})`,
  ]);
  const html = [
    table(['clocks', '#rate', '#at end', '#samples', 'events', 'independent'], rows),
    timeError(result),
    caption(
      `A sample each ${formatNs(result.intervalNs)} for ${formatNs(result.durationNs)}, the narrowest of eight brackets each time.`,
    ),
    stability(result),
    caption(
      'White phase noise falls with slope -1, white frequency noise with -1/2; flicker frequency noise is flat.',
    ),
  ];
  return { title: 'Drift', html: html.join('') };
}
