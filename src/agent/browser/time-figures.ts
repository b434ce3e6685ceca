import type uPlot from 'uplot';
import { type Dimension, ratio, time } from '../../digits.ts';
import type { AgentEvents } from '../../schema/agent-api.ts';
import { timeAxis, valueAxis } from './axis.ts';
import { colour } from './dom.ts';
import type { Ends } from './ends.ts';
import { markers } from './markers.ts';
import { addFigure, type Figure } from './plot.ts';
import { type PairSeries, rates, withoutSteps } from './series.ts';
import { nsText, ratioText, timeText } from './words.ts';
import { type Zoomed, zooming } from './zoom.ts';

type Event = AgentEvents['events'][number];

/** What the figures of one pair need to know of the page. */
export interface PageView extends Zoomed {
  /** Ends of the time axis. */
  ends(): Ends;
  events(): readonly Event[];
  /** Whether each piece is to begin where the one before a step ended. */
  leavesStepsOut(): boolean;
}

/** The line is broken between two runs even where they are less than a pixel apart. */
const breaks = (plot: uPlot, series: number, from: number, to: number): uPlot.Series.Gaps => {
  const values = plot.data[series] ?? [];
  const x = (i: number) => plot.valToPos(plot.data[0][i] ?? 0, 'x', true);
  const gaps: uPlot.Series.Gaps = [];
  for (let i = Math.max(1, from); i < Math.min(to, values.length - 1); i++) {
    if (values[i] === null) gaps.push([x(i - 1), Math.max(x(i + 1), x(i - 1) + 2)]);
  }
  return gaps;
};

/** Points with no neighbour, which no line would show. */
function lonely(values: ArrayLike<number | null | undefined>): number[] {
  return Array.from(values, (_, i) => i).filter(
    (i) => values[i] != null && values[i - 1] == null && values[i + 1] == null,
  );
}

const line = (stroke: string): uPlot.Series => ({
  stroke,
  width: 2,
  points: { show: true, size: 6, fill: stroke, filter: (plot, series) => lonely(plot.data[series] ?? []) },
  gaps: breaks,
});

function timeOptions(
  view: PageView,
  events: () => readonly Event[],
  measure: Dimension,
): Omit<uPlot.Options, 'width' | 'height' | 'series'> {
  return {
    padding: [10, 24, 0, 0],
    scales: {
      x: {
        range: () => {
          const { from, to } = view.ends();
          return [from, to];
        },
      },
    },
    axes: [timeAxis(), valueAxis(measure)],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      // The same moment in every drawing; what is selected or clicked belongs to one.
      sync: {
        key: 'time',
        setSeries: false,
        filters: { pub: (type) => /^mouse(move|enter|leave)$/.test(type) },
      },
      bind: {
        dblclick: () => () => {
          view.back();
          return null;
        },
      },
    },
    plugins: [markers(events), zooming(view.ends, view)],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          view.move({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
        },
      ],
    },
  };
}

/** The two drawings of one pair over time. */
export interface PairFigures {
  update(pair: PairSeries): void;
  /** Draws the time axis anew. */
  rescale(): void;
}

/** Adds time error and rate of a pair to the page. @param index of the pair's colour. */
export function addPairFigures(pair: PairSeries, index: number, view: PageView): PairFigures {
  const name = `${pair.clock} against ${pair.reference}`;
  const events = () => view.events().filter(({ clock }) => clock === null || clock === pair.clock);
  const stroke = () => colour(`c${index}`);
  const edge = (): uPlot.Series => ({
    stroke: stroke(),
    width: 0.5,
    alpha: 0.6,
    points: { show: false },
    gaps: breaks,
  });
  const error: Figure = addFigure('pairs', {
    title: `Time error of ${name}`,
    caption:
      'The mean of each step and the range between its extremes, since sampling began. A step is a break.',
    empty: 'Nothing was stored in this range.',
    options: () => ({
      ...timeOptions(view, events, time),
      series: [{}, line(stroke()), edge(), edge()],
      bands: [{ series: [3, 2], fill: `${stroke()}33` }],
    }),
    read: ({ data }, i) => {
      const [at, mean, min, max] = data.map((column) => column[i]);
      if (at == null || mean == null || min == null || max == null) return '';
      const extremes = min === max ? '' : ` (${nsText(min)} to ${nsText(max)})`;
      return `${timeText(at)}: ${nsText(mean)}${extremes}`;
    },
  });
  const rate: Figure = addFigure('pairs', {
    title: `Rate of ${name}`,
    caption:
      'Change of the time error over at least a minute, without steps; 0 is the rate of the reference.',
    empty: 'A rate takes a minute of samples.',
    options: () => ({ ...timeOptions(view, events, ratio), series: [{}, line(stroke())] }),
    read: ({ data }, i) => {
      const [at, value] = [data[0][i], data[1]?.[i]];
      return at == null || value == null ? '' : `${timeText(at)}: ${ratioText(value)}`;
    },
  });
  return {
    update: (next) => {
      const shown = view.leavesStepsOut() ? withoutSteps(next) : next;
      error.setData([shown.at, shown.mean, shown.min, shown.max]);
      rate.setData([next.at, rates(next)]);
    },
    rescale: () => {
      error.rescale();
      rate.rescale();
    },
  };
}
