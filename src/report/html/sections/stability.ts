import type { DriftPair, DriftResult } from '../../../schema/drift.ts';
import { durationText, exponentText } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import { caption, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';
import { localSlopes, NOISES } from './slopes.ts';

/** A clock, and its slope where one prevails. */
function nameOf({ clock, stability }: DriftPair): string {
  const [range, ...others] = localSlopes(stability);
  return range === undefined || others.length > 0 ? clock : `${clock}, slope ${range.slope.toFixed(2)}`;
}

/** How steady the clocks are over each averaging time, with the kinds of noise named. */
export function stabilitySection({ pairs, reference }: DriftResult): Section {
  const rows = pairs.flatMap((pair) =>
    localSlopes(pair.stability).map(({ fromNs, toNs, slope, noise }) => [
      pair.clock,
      `${durationText(fromNs)} to ${durationText(toNs)}`,
      slope.toFixed(2),
      noise,
    ]),
  );
  const html = [
    paragraph(
      'How much the rate still varies when it is averaged over a time. The slope names the noise: what falls gets better with averaging, what rises does not.',
      'lead',
    ),
    plotFigure(
      {
        title: 'Overlapping Allan deviation of each pair against averaging time',
        x: { label: 'averaging time (ms to d, as marked)', scale: 'log', marks: { format: durationText } },
        y: { label: 'overlapping Allan deviation (ratio)', scale: 'log', marks: { format: exponentText } },
        series: pairs.map((pair) => ({
          label: nameOf(pair),
          as: 'line',
          points: pair.stability.flatMap(({ tauNs, oadev }) =>
            oadev === null ? [] : [[tauNs, oadev] as const],
          ),
          describe: (tau, oadev) => `${durationText(tau)}: ${oadev.toExponential(2)}`,
        })),
      },
      caption(
        `Each clock against ${reference}. Slopes: ${NOISES.map(({ slope, name }) => `${name} ${slope}`).join(', ')}.`,
        'Clocks made from one counter fall with slope -1 and have no floor: another sign that they are one.',
      ),
    ),
    table([`against ${reference}`, 'averaging times', '#slope', 'noise'], rows),
  ];
  return { id: 'stability', title: 'Stability', html: html.join('') };
}
