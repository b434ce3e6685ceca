import type { CalibrateResult } from '../../../schema/calibrate.ts';
import { durationText } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import { size } from '../../text/calibrate.ts';
import { caption, heading } from '../markup.ts';

const PER_UNIT = [
  [1e-2, '%'],
  [1e-6, 'ppm'],
  [1e-9, 'ppb'],
  [1e-12, 'ppt'],
] as const;

/** A power of ten of a ratio as people say it: `10 ppb`. */
function ratioText(ratio: number): string {
  const [unit, name] = PER_UNIT.find(([unit]) => ratio >= unit * 0.999) ?? PER_UNIT[3];
  return `${Number((ratio / unit).toPrecision(2))} ${name}`;
}

/** How the error shrank while the run went on. HTML, empty where there is too little to draw. */
export function convergenceFigure({ convergence, kernel }: CalibrateResult): string {
  if (convergence.length < 3) return '';
  const known = kernel?.hz != null;
  // Without the kernel's ratio the end is its own yardstick, and says nothing of its error.
  const compared = known ? convergence : convergence.slice(0, -1);
  const describe = (ns: number, ratio: number) => `${durationText(ns)}: ${size(ratio)}`;
  return (
    heading('Error against time') +
    plotFigure(
      {
        title: 'Error of the measured rate, its standard error and its certain bound against time',
        x: { label: 'time measured (us to d, as marked)', scale: 'log', marks: { format: durationText } },
        y: { label: 'part of the rate (ppt to %)', scale: 'log', marks: { format: ratioText } },
        series: [
          {
            label: 'certain bound',
            as: 'line',
            style: 1,
            points: convergence.map(({ elapsedNs, boundRatio }) => [elapsedNs, boundRatio] as const),
            describe,
          },
          {
            label: 'standard error',
            as: 'dashes',
            style: 2,
            points: convergence.map((one) => [one.elapsedNs, one.standardErrorRatio] as const),
          },
          {
            label: 'error',
            as: 'line',
            style: 0,
            points: compared.map((one) => [one.elapsedNs, Math.abs(one.offsetRatio)] as const),
            describe,
          },
        ],
      },
      caption(
        `What this run knew as it went on. The error is the distance from the ${known ? "kernel's own ratio, which is exact here" : 'rate of the whole run, for want of a better one: near the end it cannot but vanish'}.`,
        'The error has to stay below the certain bound, always; and below twice the standard error most of the time.',
      ),
    )
  );
}
