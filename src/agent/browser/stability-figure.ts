import type uPlot from 'uplot';
import { count } from '../../digits.ts';
import { ratioText } from '../../report/plot/tick-text.ts';
import type { AgentStability } from '../../schema/agent-api.ts';
import { axisStyle } from './axis.ts';
import { colour } from './dom.ts';
import { addFigure } from './plot.ts';
import { nsText } from './words.ts';

type Pair = AgentStability['pairs'][number];

/** Averaging times of all pairs, and each pair's deviation at them. */
function columnsOf(pairs: readonly Pair[]): uPlot.AlignedData {
  const taus = [...new Set(pairs.flatMap(({ points }) => points.map(({ tauNs }) => tauNs)))].sort(
    (a, b) => a - b,
  );
  const column = ({ points }: Pair) => {
    const known = new Map(points.map(({ tauNs, oadev }) => [tauNs, oadev]));
    // A logarithmic axis has no place for 0.
    return taus.map((tau) => known.get(tau) || null);
  };
  return [taus.map((ns) => ns / 1e9), ...pairs.map(column)];
}

/** Averaging times are told in seconds, as everywhere in this field. */
const tauText = (tau: number): string => (tau < 1 ? nsText(tau * 1e9) : `${count(tau)} s`);

const powersOfTen = (_: uPlot, splits: number[]) =>
  splits.map((value) => (Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? value : null));

/** An axis of powers of ten. */
const decades = (format: (value: number) => string): uPlot.Axis => {
  const style = axisStyle();
  return {
    ...style,
    filter: powersOfTen,
    grid: { ...style.grid, filter: powersOfTen },
    ticks: { ...style.ticks, filter: powersOfTen },
    values: (_, splits) => splits.map((value) => (value === null ? '' : format(value))),
  };
};

/** Adds the overlapping Allan deviation of every pair to the page. @returns what draws others. */
export function addStabilityFigure(clocks: readonly string[]): (stability: AgentStability) => void {
  const figure = addFigure('stability', {
    title: 'Overlapping Allan deviation',
    keys: clocks.map((clock, i) => [clock, i]),
    caption:
      'How much the rate varies from one averaging time to the next, over the range chosen above and without what steps touch. A slope ' +
      'of -1 is the noise of the readings; where the line turns flat or up, the clocks themselves wander.',
    empty: 'Three samples are needed.',
    options: () => ({
      padding: [10, 36, 0, 0],
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [decades(tauText), { ...decades(ratioText), size: 96 }],
      series: [
        {},
        ...clocks.map((_, i) => ({ stroke: colour(`c${i}`), width: 2, points: { show: true, size: 6 } })),
      ],
      cursor: { drag: { x: false, y: false } },
    }),
    read: ({ data }, i) => {
      const values = clocks.flatMap((clock, k) => {
        const value = data[k + 1]?.[i];
        return value == null ? [] : [`${clock} ${ratioText(value)}`];
      });
      return `${tauText(data[0][i] ?? 0)}: ${values.join(', ')}`;
    },
  });
  return ({ pairs }) => {
    const ordered = clocks
      .map((clock) => pairs.find((pair) => pair.clock === clock))
      .filter((pair) => pair !== undefined);
    if (ordered.length === clocks.length) figure.setData(columnsOf(ordered));
  };
}
