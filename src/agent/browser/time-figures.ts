import type uPlot from 'uplot';
import type { AgentEvents } from '../../schema/agent-api.ts';
import { formatNs, formatRatio } from '../../units.ts';
import { colour } from './dom.ts';
import { markers } from './markers.ts';
import { addFigure, axisStyle, type Figure, TIME_MARKS } from './plot.ts';
import { type PairSeries, rates } from './series.ts';

type Event = AgentEvents['events'][number];

/** What the figures of one pair need to know of the page. */
export interface PageView {
  /** Ends of the time axis, Unix seconds. */
  ends(): { from: number; to: number };
  events(): readonly Event[];
  zoom(from: number, to: number): void;
}

const timeText = (seconds: number): string => new Date(seconds * 1000).toLocaleString();

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

/** Wide enough for `+0.00100 ppb`. */
const AXIS_WIDTH = 100;

function timeOptions(
  view: PageView,
  events: () => readonly Event[],
  format: (value: number) => string,
): Omit<uPlot.Options, 'width' | 'height' | 'series'> {
  return {
    scales: {
      x: {
        range: () => {
          const { from, to } = view.ends();
          return [from, to];
        },
      },
    },
    axes: [
      { ...axisStyle(), values: TIME_MARKS },
      { ...axisStyle(), size: AXIS_WIDTH, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    plugins: [markers(events)],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          view.zoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
        },
      ],
    },
  };
}

/** The two drawings of one pair over time. */
export interface PairFigures {
  update(pair: PairSeries): void;
  renew(): void;
}

/** Adds time error and rate of a pair to the page. @param index of the pair's colour. */
export function addPairFigures(pair: PairSeries, index: number, view: PageView): PairFigures {
  const name = `${pair.clock} against ${pair.reference}`;
  const events = () => view.events().filter(({ clock }) => clock === null || clock === pair.clock);
  const stroke = () => colour(`c${index}`);
  const error: Figure = addFigure('pairs', {
    title: `Time error of ${name}`,
    caption: 'Mean of each step since the start of the run, and the range between its extremes.',
    options: () => ({
      ...timeOptions(view, events, formatNs),
      series: [
        {},
        { stroke: stroke(), width: 2, points: { show: false }, gaps: breaks },
        { stroke: stroke(), width: 0.5, alpha: 0.6, points: { show: false }, gaps: breaks },
        { stroke: stroke(), width: 0.5, alpha: 0.6, points: { show: false }, gaps: breaks },
      ],
      bands: [{ series: [3, 2], fill: `${stroke()}33` }],
    }),
    read: ({ data }, i) => {
      const [at, mean, min, max] = data.map((column) => column[i]);
      if (at == null || mean == null || min == null || max == null) return '';
      const extremes = min === max ? '' : ` (${formatNs(min)} to ${formatNs(max)})`;
      return `${timeText(at)}: ${formatNs(mean)}${extremes}`;
    },
  });
  const rate: Figure = addFigure('pairs', {
    title: `Rate of ${name}`,
    caption: 'Difference quotient over at least a minute; 0 is the same rate as the reference.',
    options: () => ({
      ...timeOptions(view, events, formatRatio),
      series: [{}, { stroke: stroke(), width: 2, points: { show: false }, gaps: breaks }],
    }),
    read: ({ data }, i) => {
      const [at, value] = [data[0][i], data[1]?.[i]];
      return at == null || value == null ? '' : `${timeText(at)}: ${formatRatio(value)}`;
    },
  });
  return {
    update: (next) => {
      error.setData([next.at, next.mean, next.min, next.max]);
      rate.setData([next.at, rates(next)]);
    },
    renew: () => {
      error.renew();
      rate.renew();
    },
  };
}
