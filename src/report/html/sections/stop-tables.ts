import type { StopResult, StopRow } from '../../../schema/stop.ts';
import { formatCount, formatNs, formatSignificant } from '../../../units.ts';
import { element, escapeText } from '../../svg/element.ts';
import { durationText } from '../../svg/mark-text.ts';
import { recoveryOf } from '../../verdicts/stop.ts';
import { heading, paragraph, table } from '../markup.ts';

/** What a tick without lag costs under each policy. HTML. */
export function tickCostTable({ tickCost: costs }: StopResult): string {
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

/** The stop that reaches the watchdog, for each period. HTML. */
export function thresholdTable({ lockupThreshold, watchdogNs, simulated }: StopResult): string {
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

/** As many rows stand in the table: the page is to stay small. */
const MOST_ROWS = 320;

/** Every row, behind a click. HTML. */
export function rowsTable({ rows }: StopResult): string {
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
  const summary = element(
    'summary',
    {},
    escapeText(
      rows.length <= MOST_ROWS
        ? `All ${rows.length} rows`
        : `The first ${MOST_ROWS} of ${rows.length} rows; the JSON document has them all`,
    ),
  );
  return element(
    'details',
    {},
    summary,
    table(head, rows.slice(0, MOST_ROWS).map(rowCells)),
    paragraph(
      '~ is projected. Lost ticks and phase shift are in the time of the timer itself: under freeze it stood still for the stop. After: hv is the preemption timer, sw the hrtimer.',
      'faint',
    ),
  );
}
