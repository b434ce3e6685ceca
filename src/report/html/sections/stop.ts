import type { StopResult, StopRow } from '../../../schema/stop.ts';
import { formatNs } from '../../../units.ts';
import { policyStyle } from '../../policy-style.ts';
import { DURATION_MARKS, durationText } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import type { Series } from '../../svg/series.ts';
import { recoveryOf } from '../../verdicts/stop.ts';
import { caption, paragraph } from '../markup.ts';
import type { Section } from '../page.ts';
import { rowsTable, thresholdTable, tickCostTable } from './stop-tables.ts';

const AXIS = { scale: 'log', marks: { format: durationText, at: DURATION_MARKS } } as const;

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

const CAPTION = caption(
  'Both axes are logarithmic. From the return until the next expiry is in the future again; hollow marks are projected at the pace measured until then.',
  'Past the dashed line catch-up is a hard lockup, because it recovers in one interrupt; independent and reinject take as long in many exits, between which the host is free.',
);

/** One policy's recovery against the stop; hollow where it is projected. */
function seriesOf(policy: string, rows: readonly StopRow[]): Series {
  const known = rows
    .filter((row) => row.policy === policy)
    .flatMap((row) => {
      const recovery = recoveryOf(row);
      return recovery === null ? [] : [{ row, recovery }];
    })
    .sort((a, b) => a.row.stopNs - b.row.stopNs);
  return {
    label: policy,
    as: 'line',
    style: policyStyle(policy),
    points: known.map(({ row, recovery }) => [row.stopNs, recovery] as const),
    hollow: new Set(known.flatMap(({ row }, i) => (row.projected === null ? [] : [i]))),
    describe: (stop, recovery) => `${policy}, ${durationText(stop)}: ${formatNs(recovery)}`,
  };
}

function periodFigure({ rows, watchdogNs }: StopResult, periodNs: number, words: string): string {
  const own = rows.filter((row) => row.periodNs === periodNs);
  const period = durationText(periodNs);
  return plotFigure(
    {
      title: `Time to recover from a stop under each policy, period ${period}`,
      x: { label: 'length of the stop (s to d)', ...AXIS },
      y: { label: `time to recover (ns to d), period ${period}`, ...AXIS },
      series: distinct(own.map(({ policy }) => policy)).map((policy) => seriesOf(policy, own)),
      limits: [{ at: watchdogNs, label: `watchdog: ${durationText(watchdogNs)}` }],
    },
    words,
  );
}

/** As many periods have a figure: the page is to stay small. */
const MOST_FIGURES = 6;

/** What each policy costs after a long stop, on this host's clocks. */
export function stopSection(result: StopResult): Section {
  const { rows, simulated, delivery } = result;
  const how = simulated
    ? 'In virtual time, with a fixed cost of each callback and exit.'
    : 'On real clocks, moved forward by the stop: every callback reads both and computes the next deadline, in this program.';
  const periods = distinct(rows.map(({ periodNs }) => periodNs));
  const html = [
    paragraph(`${how} Delivery: ${delivery}.`, 'lead'),
    // What the first figure's caption says holds for the others.
    ...periods
      .slice(0, MOST_FIGURES)
      .map((periodNs, i) => periodFigure(result, periodNs, i === 0 ? CAPTION : '')),
    periods.length <= MOST_FIGURES
      ? ''
      : paragraph(`Figures of the first ${MOST_FIGURES} of ${periods.length} periods.`, 'faint'),
    thresholdTable(result),
    tickCostTable(result),
    rows.length === 0 ? '' : rowsTable(result),
  ];
  return { id: 'stops', title: 'What a long stop costs', html: html.join('') };
}
