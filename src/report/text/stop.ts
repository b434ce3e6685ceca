import type { StopResult, StopRow } from '../../schema/stop.ts';
import { formatCount, formatDuration, formatNs, formatSignificant } from '../../units.ts';
import { textTable } from './table.ts';

/** A duration as a user would write it; exact. */
const exact = (ns: number): string => formatDuration(BigInt(ns));

/** What became of the timer, in a few words. */
function recoveryText(row: StopRow): string {
  if (row.projected === null) return formatNs(row.recoveryNs);
  const { recoveryNs } = row.projected;
  return recoveryNs === null ? 'never' : `~ ${formatNs(recoveryNs)}`;
}

function endText({ ended, lockup, recoveryNs, behindNs }: StopRow): string {
  if (ended === 'caught-up') return '';
  if (ended === 'watchdog') return `LOCKUP, still ${formatNs(behindNs)} behind`;
  return `${lockup ? 'LOCKUP, ' : ''}projected from ${formatNs(recoveryNs)}`;
}

/** Digits up to here; beyond, nobody counts them. */
const MOST_DIGITS = 1e7;

const countText = (count: number): string =>
  count < MOST_DIGITS ? formatCount(count) : formatSignificant(count);

/** A count, projected where the row was cut. */
const total = (measured: number, projected: number | null | undefined): string =>
  projected === undefined || projected === measured
    ? countText(measured)
    : projected === null
      ? 'no end'
      : `~ ${countText(projected)}`;

function phaseText({ phaseShift, runs }: StopRow): string {
  const { minNs, p50Ns, maxNs } = phaseShift;
  if (maxNs === 0) return '0';
  return runs === 1 ? formatNs(p50Ns) : `${formatNs(minNs)} .. ${formatNs(maxNs)}`;
}

const rowCells = (row: StopRow): string[] => [
  row.policy,
  exact(row.stopNs),
  recoveryText(row),
  total(row.callbacks, row.projected?.callbacks),
  total(row.vmExits, row.projected?.vmExits),
  total(row.interrupts, row.projected?.interrupts),
  countText(row.lostTicks),
  phaseText(row),
  row.shortestIntervalNs === null ? '-' : formatNs(row.shortestIntervalNs),
  row.backendAfter,
  endText(row),
];

const HEAD = [
  'policy',
  '#stop',
  '#recovery',
  '#callbacks',
  '#exits',
  '#interrupts',
  '#lost ticks',
  '#phase shift',
  '#shortest',
  'after',
  '',
];

function periodText(rows: readonly StopRow[], periodNs: number): string {
  const own = rows.filter((row) => row.periodNs === periodNs);
  return `Period ${exact(periodNs)}\n${textTable(HEAD, own.map(rowCells))}`;
}

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${formatSignificant(Math.abs(value))}`;

function tickCostText(costs: NonNullable<StopResult['tickCost']>): string {
  const head = ['policy', '#p50', '#p99', '#cycles', '#over catch-up (95 % interval)', '#cycles'];
  const rows = costs.map((cost) => [
    cost.policy,
    `${formatSignificant(cost.p50Ns)} ns`,
    `${formatSignificant(cost.p99Ns)} ns`,
    formatSignificant(cost.cycles),
    cost.policy === 'catch-up'
      ? '-'
      : `${signed(cost.overCatchUpNs)} (${signed(cost.overCatchUpLowNs)} to ${signed(cost.overCatchUpHighNs)}) ns`,
    cost.policy === 'catch-up' ? '-' : signed(cost.overCatchUpCycles),
  ]);
  return [
    "One tick without lag: advance_periodic_target_expiration and its reads of both clocks, in this program's code. The intervals are of\nthis run; another run's compiled code may differ by a few ns. freeze and gate advance as clamp does.",
    textTable(head, rows),
  ].join('\n');
}

function thresholdText({ lockupThreshold, watchdogNs, simulated }: StopResult): string {
  const head = ['period', simulated ? '#at this cost' : "#at this host's cost", '#at 79 ns (the crash)'];
  const rows = lockupThreshold.map(({ periodNs, atHostCost, atCrashCost }) => [
    exact(periodNs),
    `${formatNs(atHostCost.stopNs)} (${formatSignificant(atHostCost.callbackNs)} ns a callback)`,
    formatNs(atCrashCost.stopNs),
  ]);
  return [
    `The stop that reaches the watchdog of ${formatNs(watchdogNs)} under catch-up:`,
    textTable(head, rows),
  ].join('\n');
}

const NOTES = [
  'recovery: from the return until the next expiry is in the future again; ~ is projected, at the pace measured until then.',
  "lost ticks and phase shift are in the timer's own time: under freeze that stood still for the stop.",
  'shortest: between two interrupts, from the return to three ticks after the recovery. after: hv is the preemption timer, sw the hrtimer.',
].join('\n');

/** The result for people. */
export function stopText(result: StopResult): string {
  const { rows, simulated, delivery, tickCost } = result;
  const periods = [...new Set(rows.map((row) => row.periodNs))];
  const clocks = simulated
    ? `Virtual time, TSC ${formatSignificant(result.tscHz / 1e6)} MHz`
    : "This host's clocks, moved forward by each stop";
  return [
    `${clocks}; ${delivery} delivery; hard-lockup watchdog ${formatNs(result.watchdogNs)}.`,
    ...periods.map((periodNs) => `\n${periodText(rows, periodNs)}`),
    '',
    NOTES,
    ...(tickCost === null ? [] : ['', tickCostText(tickCost)]),
    '',
    thresholdText(result),
  ].join('\n');
}
