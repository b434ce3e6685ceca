import type { StopResult, StopRow } from '../../../schema/stop.ts';
import { formatCount, formatNs, formatSignificant } from '../../../units.ts';
import { policyStyle } from '../../policy-style.ts';
import { element, escapeText } from '../../svg/element.ts';
import { DURATION_MARKS, durationText } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import type { Series } from '../../svg/series.ts';
import { recoveryOf } from '../../verdicts/stop.ts';
import { caption, heading, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';

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

function tickCost({ tickCost: costs }: StopResult): string {
  if (costs === null) return '';
  const signed = (value: number) => `${value < 0 ? '-' : '+'}${formatSignificant(Math.abs(value))}`;
  const rows = costs.map((cost) => [
    cost.policy,
    `${formatSignificant(cost.p50Ns)} ns`,
    `${formatSignificant(cost.p99Ns)} ns`,
    formatSignificant(cost.cycles),
    ...(cost.policy === 'catch-up'
      ? ['-', '-', '-']
      : [
          `${signed(cost.overCatchUpNs)} ns`,
          `${signed(cost.overCatchUpLowNs)} to ${signed(cost.overCatchUpHighNs)} ns`,
          signed(cost.overCatchUpCycles),
        ]),
  ]);
  return (
    heading('What one tick without lag costs') +
    table(['policy', '#median', '#99 %', '#cycles', '#over catch-up', '#95 % interval', '#cycles'], rows) +
    paragraph(
      "One advance of the timer and its reads of both clocks, in this program's own code, not the kernel's.",
      'faint',
    )
  );
}

function threshold({ lockupThreshold, watchdogNs, simulated }: StopResult): string {
  if (lockupThreshold.length === 0) return '';
  const rows = lockupThreshold.map(({ periodNs, atHostCost, atCrashCost }) => [
    durationText(periodNs),
    formatNs(atHostCost.stopNs),
    formatNs(atHostCost.callbackNs),
    formatNs(atCrashCost.stopNs),
  ]);
  const cost = simulated ? 'this cost' : "this host's cost";
  return (
    heading(`The stop that locks a host up under catch-up (watchdog ${durationText(watchdogNs)})`) +
    table(['#period', `#stop, at ${cost}`, '#that is a callback of', '#stop, at 79 ns (the crash)'], rows)
  );
}

/** A count, projected where the row was cut. */
const total = (measured: number, projected: number | null | undefined): string =>
  projected === undefined
    ? formatCount(measured)
    : projected === null
      ? 'no end'
      : `~ ${formatSignificant(projected)}`;

const rowCells = (row: StopRow): string[] => {
  const recovery = recoveryOf(row);
  return [
    row.policy,
    durationText(row.periodNs),
    durationText(row.stopNs),
    recovery === null ? 'never' : `${row.projected === null ? '' : '~ '}${formatNs(recovery)}`,
    total(row.callbacks, row.projected?.callbacks),
    total(row.vmExits, row.projected?.vmExits),
    total(row.interrupts, row.projected?.interrupts),
    formatCount(row.lostTicks),
    formatNs(row.phaseShiftNs),
    row.backendAfter,
    row.lockup ? 'lockup' : row.ended === 'caught-up' ? '' : 'projected',
  ];
};

function everyRow({ rows }: StopResult): string {
  const head = [
    'policy',
    '#period',
    '#stop',
    '#recovery',
    '#callbacks',
    '#exits',
    '#interrupts',
    '#lost ticks',
    '#phase shift',
    'after',
    'note',
  ];
  const summary = element('summary', {}, escapeText(`All ${rows.length} rows`));
  return element(
    'details',
    {},
    summary,
    table(head, rows.map(rowCells)),
    paragraph(
      '~ is projected. Lost ticks and phase shift are in the time of the timer itself: under freeze it stood still for the stop. After: hv is the preemption timer, sw the hrtimer.',
      'faint',
    ),
  );
}

/** What each policy costs after a long stop, on this host's clocks. */
export function stopSection(result: StopResult): Section {
  const { rows, simulated, delivery } = result;
  const how = simulated
    ? 'In virtual time, with a fixed cost of each callback and exit.'
    : 'On real clocks, moved forward by the stop: every callback reads both and computes the next deadline, in this program.';
  const html = [
    paragraph(`${how} Delivery: ${delivery}.`, 'lead'),
    // What the first figure's caption says holds for the others.
    ...distinct(rows.map(({ periodNs }) => periodNs)).map((periodNs, i) =>
      periodFigure(result, periodNs, i === 0 ? CAPTION : ''),
    ),
    threshold(result),
    tickCost(result),
    rows.length === 0 ? '' : everyRow(result),
  ];
  return { id: 'stops', title: 'What a long stop costs', html: html.join('') };
}
