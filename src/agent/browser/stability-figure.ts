import type uPlot from 'uplot';
import type { AgentStability } from '../../schema/agent-api.ts';
import { formatNs, formatSignificant } from '../../units.ts';
import { colour } from './dom.ts';
import { addFigure, axisStyle, type Figure } from './plot.ts';

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

/** Only powers of ten are labelled. */
const powersOf = (format: (value: number) => string) => (_: uPlot, splits: number[]) =>
  splits.map((value) => (Math.abs(Math.log10(value) % 1) < 1e-9 ? format(value) : ''));

/** Adds the overlapping Allan deviation of every pair to the page. */
export function addStabilityFigure(clocks: readonly string[]): {
  update(stability: AgentStability): void;
  renew(): void;
} {
  const figure: Figure = addFigure('stability', {
    title: 'Overlapping Allan deviation',
    keys: clocks.map((clock, i) => [clock, i]),
    caption:
      'Fractional frequency over the averaging time, of the present run. A slope of -1 is the noise of the ' +
      'reading itself; where the line turns flat or up, the clocks really differ.',
    options: () => ({
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [
        { ...axisStyle(), values: powersOf((tau) => formatNs(tau * 1e9)) },
        { ...axisStyle(), size: 64, values: powersOf((value) => value.toExponential(0)) },
      ],
      series: [
        {},
        ...clocks.map((_, i) => ({ stroke: colour(`c${i}`), width: 2, points: { show: true, size: 6 } })),
      ],
      cursor: { drag: { x: false, y: false } },
    }),
    read: ({ data }, i) => {
      const values = clocks.flatMap((clock, k) => {
        const value = data[k + 1]?.[i];
        return value == null ? [] : [`${clock} ${formatSignificant(value)}`];
      });
      return `${formatNs((data[0][i] ?? 0) * 1e9)}: ${values.join(', ')}`;
    },
  });
  return {
    update: ({ pairs }) => {
      const ordered = clocks
        .map((clock) => pairs.find((pair) => pair.clock === clock))
        .filter((pair) => pair !== undefined);
      if (ordered.length === clocks.length) figure.setData(columnsOf(ordered));
    },
    renew: figure.renew,
  };
}
