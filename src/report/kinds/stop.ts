import { greatest, least } from 'd3-array';
import { about, between, count, exact, offset, plain, time } from '../../digits.ts';
import { catchUpNs } from '../../lapic/catch-up.ts';
import { CRASH_CALLBACK_NS } from '../../lapic/virtual-host.ts';
import type { CostInterval, StopResult, StopRow } from '../../schema/stop.ts';
import { columns } from '../columns.ts';
import type { Block, Kind, Section, Table, Verdict } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import type { Curve } from '../plot/series.ts';
import { DURATION_TICKS, durationText } from '../plot/tick-text.ts';
import { orDash, plural } from '../words.ts';
import { policyStyle } from './around-stop.ts';

type Threshold = StopResult['lockupThreshold'][number];
type TickCost = NonNullable<StopResult['tickCost']>[number];

/** How long a row took to catch up, measured or projected; null where it never does. */
const recoveryOf = ({ recoveryNs, projected }: StopRow): number | null =>
  projected === null ? recoveryNs : projected.recoveryNs;

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** What a callback costs, and the stop that locks up at that cost; without bounds in documents before 0.2 and for the crash's. */
type CostRange = Threshold['atHostCost'];

/** The stop that locks this host up, at one of the costs of a callback. */
const thresholdText = (cost: CostRange): string => between(cost.stopNs, cost.stopLowNs, cost.stopHighNs);
const callbackText = (cost: CostRange): string =>
  between(cost.callbackNs, cost.callbackLowNs, cost.callbackHighNs);

const intervalText = ({ ns, lowNs, highNs }: CostInterval, measure = offset): string =>
  between(ns, lowNs, highNs, measure);

/** What a callback costs, in this program, in this host's kernel where that was traced, and in the crash dump. */
function costsOf(
  { atHostCost, atKernelCost, atCrashCost }: Threshold,
  simulated: boolean,
): Array<{ readonly label: string; readonly cost: CostRange }> {
  return [
    { label: simulated ? 'as given' : "this program's, in JavaScript", cost: atHostCost },
    ...(atKernelCost == null ? [] : [{ label: "this host's kernel, by its trace", cost: atKernelCost }]),
    { label: 'the crash dump', cost: atCrashCost },
  ];
}

const processes = (value: number): string => `${count(value)} ${value === 1 ? 'process' : 'processes'}`;

function priceTable({ clampPrice, clampPriceReason }: StopResult): Block[] {
  if (clampPrice === undefined) return [];
  const title = 'What the clamp adds to one advance of catch-up';
  const head = ['measured', '#it adds (95 % interval)', 'how'];
  if (clampPrice === null)
    return [{ title, head, rows: [], note: `Not measured: ${clampPriceReason ?? 'no reason is known'}.` }];
  const { native, model, kernel } = clampPrice;
  const slow =
    model.slowProcesses === 0
      ? ''
      : `; ${model.slowProcesses} more ran in a slower tier of V8 and do not count`;
  const modes =
    model.modes === null
      ? ''
      : `; two groups whose compiled code differs: ${model.modes.map((mode) => `${about(mode.ns, offset)} in ${mode.processes}`).join(', ')}`;
  return [
    {
      title,
      head,
      rows: [
        ['native code', intervalText(native), `the same steps in C, ${processes(native.processes)}`],
        ['this model', intervalText(model), `in JavaScript, ${processes(model.processes)}${slow}${modes}`],
      ],
      note: `One whole callback of this host's kernel: ${kernel.value === null ? `not measured; ${kernel.reason ?? ''}` : `${intervalText(kernel.value, time)}, by its own trace`}; ${CRASH_CALLBACK_NS} ns in the crash dump.`,
    },
  ];
}

/** What a long stop would do to this host before the fix, and what it does after it. */
function verdict({ lockupThreshold, rows, watchdogNs, simulated }: StopResult): Verdict {
  const named = 'Long stops';
  const sooner = least(lockupThreshold, ({ atHostCost }) => atHostCost.stopNs);
  const ofClamp = rows.filter(({ policy }) => policy === 'clamp');
  const clamped = greatest(ofClamp, ({ stopNs }) => stopNs);
  const lockup =
    sooner === undefined
      ? ''
      : `Under catch-up (Linux 4.18 to 6.18, on the preemption timer) a stop of ${thresholdText(sooner.atHostCost)} at a period of ` +
        `${exact(sooner.periodNs)} takes as long as the watchdog allows (${exact(watchdogNs)}): a hard lockup.`;
  const recovery = clamped === undefined ? null : recoveryOf(clamped);
  const fixed =
    clamped === undefined || recovery === null
      ? ''
      : `With clamp, the fix, ${exact(clamped.stopNs)} take ${about(recovery)} to recover from.`;
  const said = [lockup, fixed].filter((part) => part !== '');
  if (said.length === 0) return { level: 'unknown', about: named, text: 'No stop was measured.' };
  return {
    level: 'note',
    about: named,
    text: [...(simulated ? ['In virtual time.'] : []), ...said].join(' '),
  };
}

const overText = ({ overCatchUpNs, overCatchUpLowNs, overCatchUpHighNs }: TickCost): string =>
  between(overCatchUpNs, overCatchUpLowNs, overCatchUpHighNs, offset);

const advanceText = ({ p50Ns, p50LowNs, p50HighNs }: TickCost): string => between(p50Ns, p50LowNs, p50HighNs);

/** What locks this host up before the fix, and what the fix costs. */
function brief({ rows, tickCost, lockupThreshold, watchdogNs, clampPrice }: StopResult): string[] {
  const clamped = rows.filter(({ policy, projected }) => policy === 'clamp' && projected === null);
  const longest = least(clamped, (a, b) => b.stopNs - a.stopNs || a.periodNs - b.periodNs);
  const cost = (tickCost ?? []).find(({ policy }) => policy === 'clamp');
  const price = clampPrice ?? null;
  return [
    ...lockupThreshold.map(
      (one) =>
        `catch-up, ${exact(one.periodNs)}: lockup (${exact(watchdogNs)}) after a stop of ${thresholdText(one.atHostCost)} ` +
        `at ${callbackText(one.atHostCost)} a callback (JavaScript); ` +
        (one.atKernelCost == null
          ? ''
          : `${thresholdText(one.atKernelCost)} at this kernel's ${about(one.atKernelCost.callbackNs)}; `) +
        `${about(one.atCrashCost.stopNs)} at ${about(one.atCrashCost.callbackNs)} (the crash dump)`,
    ),
    ...(longest === undefined
      ? []
      : [
          `clamp, ${exact(longest.periodNs)}: caught up in ${about(longest.recoveryNs)} after a stop of ${exact(longest.stopNs)}, ${plural(longest.lostTicks, 'tick')} lost`,
        ]),
    ...(cost === undefined
      ? []
      : [`clamp, a tick without lag: ${advanceText(cost)}, over catch-up ${overText(cost)} (95 % interval)`]),
    ...(price === null
      ? []
      : [
          `the clamp itself: ${intervalText(price.native)} in native code, ${intervalText(price.model)} in this model (95 % intervals)`,
        ]),
  ];
}

const AXIS = { scale: 'log', ticks: { format: durationText, at: DURATION_TICKS } } as const;

/** One policy's recovery against the stop; hollow where it is projected. */
function seriesOf(policy: string, rows: readonly StopRow[]): Curve {
  const known = rows
    .filter((row) => row.policy === policy)
    .flatMap((row) => {
      const recovery = recoveryOf(row);
      return recovery === null ? [] : [{ row, recovery }];
    })
    .sort((a, b) => a.row.stopNs - b.row.stopNs);
  return {
    label: policy,
    style: policyStyle(policy),
    points: known.map(({ row, recovery }) => [row.stopNs, recovery] as const),
    hollow: new Set(known.flatMap(({ row }, i) => (row.projected === null ? [] : [i]))),
    describe: (stop, recovery) => `${policy}, stopped for ${exact(stop)}: ${about(recovery)}`,
  };
}

/** What the same stops would take under catch-up at the kernel's own cost of a callback, and at the crash's. */
function catchUpSeries(result: StopResult, rows: readonly StopRow[], periodNs: number): Curve[] {
  const threshold = result.lockupThreshold.find((one) => one.periodNs === periodNs);
  const stops = distinct(rows.map(({ stopNs }) => stopNs)).sort((a, b) => a - b);
  if (result.simulated || threshold === undefined) return [];
  return costsOf(threshold, false)
    .slice(1)
    .map(({ label, cost: { callbackNs } }) => ({
      label: `catch-up, ${about(callbackNs)}`,
      as: 'dashes',
      style: policyStyle('catch-up'),
      points: stops.map((stop) => [stop, catchUpNs(stop, periodNs, callbackNs) ?? Number.NaN] as const),
      hollow: new Set(stops.keys()),
      describe: (stop, recovery) =>
        `catch-up at ${about(callbackNs)} a callback (${label}), stopped for ${exact(stop)}: ${about(recovery)}`,
    }));
}

/** `Clamp recovers in 1.7 us from any stop; catch-up would lock this host up after 7.0 h`. */
function recoveryTitle(
  { lockupThreshold, simulated }: StopResult,
  rows: readonly StopRow[],
  periodNs: number,
): string {
  const clamped = rows.filter(({ policy }) => policy === 'clamp').map(recoveryOf);
  const longest = Math.max(...clamped.map((recovery) => recovery ?? Number.POSITIVE_INFINITY));
  const fixed =
    clamped.length > 0 && Number.isFinite(longest)
      ? `Clamp recovers in ${about(longest)} from ${clamped.length === 1 ? 'this stop' : 'any of these stops'}`
      : null;
  const threshold = lockupThreshold.find((one) => one.periodNs === periodNs);
  const host = simulated ? 'a host' : 'this host';
  const lockup =
    threshold === undefined
      ? null
      : `catch-up would lock ${host} up after ${thresholdText(threshold.atHostCost)}`;
  const said =
    [fixed, lockup].filter((part) => part !== null).join('; ') || 'Time to recover under each policy';
  return `${said[0]?.toUpperCase()}${said.slice(1)} (period ${exact(periodNs)})`;
}

const CAPTION = [
  'Both axes are logarithmic. From the return until the next expiry is in the future again; hollow marks are projected at the pace measured until then.',
  `The dashed lines are catch-up at what a callback costs this host's kernel, by its own trace where that was measured, and at the crash dump's ${CRASH_CALLBACK_NS} ns; its own line is at what one costs in this program.`,
  'Past the line across catch-up is a hard lockup, because it recovers in one interrupt; independent and reinject take as long in many exits, between which the host is free.',
];

function recoveryFigure(result: StopResult, periodNs: number, caption: readonly string[]): Block {
  const own = result.rows.filter((row) => row.periodNs === periodNs);
  return linesFigure({
    id: `recovery-${exact(periodNs).replaceAll(/[ .]/g, '-')}`,
    title: recoveryTitle(result, own, periodNs),
    x: { label: 'length of the stop', ...AXIS },
    y: { label: 'time to recover', ...AXIS },
    series: [
      ...distinct(own.map(({ policy }) => policy)).map((policy) => seriesOf(policy, own)),
      ...catchUpSeries(result, own, periodNs),
    ],
    limits: [{ at: result.watchdogNs, label: `watchdog: ${exact(result.watchdogNs)}` }],
    caption,
  });
}

const thresholdTable = ({ lockupThreshold, watchdogNs, simulated }: StopResult): Table => ({
  title: `The stop that locks a host up under catch-up (watchdog ${exact(watchdogNs)}), by what a callback costs`,
  head: ['#period', 'a callback', '#costs', '#lockup after'],
  rows: lockupThreshold.flatMap((one) =>
    costsOf(one, simulated).map(({ label, cost }) => [
      exact(one.periodNs),
      label,
      callbackText(cost),
      thresholdText(cost),
    ]),
  ),
});

const tickCostTable = (costs: readonly TickCost[]): Table => ({
  title: 'What one tick without lag costs',
  ...columns(costs, [
    ['policy', ({ policy }) => policy],
    ['#median (95 % interval)', advanceText],
    ['#99 %', ({ p99Ns }) => about(p99Ns)],
    ['#cycles', ({ cycles }) => about(cycles, plain)],
    ['#over catch-up (95 % interval)', (cost) => (cost.policy === 'catch-up' ? '-' : overText(cost))],
    [
      '#cycles',
      ({ policy, overCatchUpCycles }) =>
        policy === 'catch-up' ? '-' : about(overCatchUpCycles, { ...plain, signed: true }),
    ],
  ]),
  note: "One advance of the timer and its reads of both clocks, in this program's own code, not the kernel's. freeze and gate advance as clamp does. The 99 % has no interval: it depends on what disturbed this run.",
});

/** A count, projected where the row was cut. */
const total = (measured: number, projected: number | null | undefined): string =>
  projected === undefined || projected === measured
    ? count(measured)
    : projected === null
      ? 'no end'
      : `~ ${about(projected, plain)}`;

function endText({ ended, lockup, recoveryNs, behindNs }: StopRow): string {
  if (ended === 'caught-up') return '';
  if (ended === 'watchdog') return `LOCKUP, still ${about(behindNs)} behind`;
  return `${lockup ? 'LOCKUP, ' : ''}projected from ${about(recoveryNs)}`;
}

function phaseText({ phaseShift, runs }: StopRow): string {
  const { minNs, p50Ns, maxNs } = phaseShift;
  if (maxNs === 0) return '0';
  return runs === 1 ? about(p50Ns) : `${about(minNs)} .. ${about(maxNs)}`;
}

/** The smallest and the largest of this many runs have the median between them in 31 of 32 cases. */
const LEAST_RUNS = 6;

/**
 * How far beyond them another `stop` may have its median: of 240 pairs on a busy host 83 % were between them, and 95 % no
 * further off than by this factor. In virtual time nothing varies between runs.
 */
const BETWEEN_RUNS = 1.2;

function recoveryText(row: StopRow, simulated: boolean): string {
  const recovery = recoveryOf(row);
  if (recovery === null) return 'never';
  if (row.projected !== null) return `~ ${about(recovery)}`;
  if (row.runs < LEAST_RUNS) return about(recovery);
  const beyond = simulated ? 1 : BETWEEN_RUNS;
  return between(recovery, row.recovery.minNs / beyond, row.recovery.maxNs * beyond);
}

/** Exact, but for a row that was cut: up to there. */
const lostText = ({ projected, lostTicks }: StopRow): string =>
  projected === null || lostTicks === 0 ? count(lostTicks) : `~ ${about(lostTicks, plain)}`;

function rowsTable({ rows, simulated }: StopResult, periodNs: number): Table {
  const own = rows.filter((row) => row.periodNs === periodNs);
  const title = `Period ${exact(periodNs)}`;
  const table = columns(own, [
    ['policy', ({ policy }) => policy],
    ['#stop', ({ stopNs }) => exact(stopNs)],
    ['#recovery', (row) => recoveryText(row, simulated)],
    ['#callbacks', ({ callbacks, projected }) => total(callbacks, projected?.callbacks)],
    ['#exits', ({ vmExits, projected }) => total(vmExits, projected?.vmExits)],
    ['#interrupts', ({ interrupts, projected }) => total(interrupts, projected?.interrupts)],
    ['#lost ticks', lostText],
    ['#phase shift', phaseText],
    ['#shortest', ({ shortestIntervalNs }) => orDash(shortestIntervalNs, about)],
    ['after', ({ backendAfter }) => backendAfter],
    ['', endText],
  ]);
  return { title, ...table, fold: `${title}: ${plural(own.length, 'row')}` };
}

const NOTES = [
  'recovery: from the return until the next expiry is in the future again; ~ is projected, at the pace measured until then.',
  "lost ticks and phase shift are in the timer's own time: under freeze that stood still for the stop.",
  `recovery is that of the median run, in brackets the smallest and the largest of its runs, on a host's clocks with a factor of ${BETWEEN_RUNS} beyond them, by which runs of \`stop\` differ: expect the median of a next measurement between them. Fewer than 6 runs have no interval (see --repeat), nor have projections.`,
  'counts, lost ticks and phase shift follow from the stop and the grid, and have no error of their own.',
  'shortest: the shortest interval between two interrupts, from the return to three ticks after the recovery; it bounds no other run. after: hv is the preemption timer, sw the hrtimer.',
].join('\n');

/** A page shows figures and tables of this many periods, so that it stays small. */
const MOST_PERIODS = 4;

/** What each policy costs after a long stop, on this host's clocks. */
function sections(result: StopResult): Section[] {
  const { rows, simulated, delivery, watchdogNs, tickCost } = result;
  const how = simulated
    ? `Virtual time, TSC ${about(result.tscHz / 1e6, plain)} MHz, with a fixed cost of each callback and exit`
    : "This host's clocks, moved forward by each stop: every callback reads both and computes the next deadline, in this program";
  const periods = distinct(rows.map(({ periodNs }) => periodNs));
  const shown = periods.slice(0, MOST_PERIODS);
  const more = `The first ${MOST_PERIODS} of ${periods.length} periods; the JSON document has them all.`;
  const blocks: Block[] = [
    { text: `${how}; ${delivery} delivery; hard-lockup watchdog ${exact(watchdogNs)}.`, tone: 'lead' },
    // The first figure's caption holds for the others too.
    ...shown.map((periodNs, i) => recoveryFigure(result, periodNs, i === 0 ? CAPTION : [])),
    ...(periods.length > MOST_PERIODS ? [{ text: more, tone: 'faint', on: 'page' } as const] : []),
    ...periods.map((periodNs, i): Block => {
      const table = rowsTable(result, periodNs);
      return i < MOST_PERIODS ? table : { ...table, on: 'terminal' };
    }),
    { text: rows.length === 0 ? '' : NOTES, tone: 'faint' },
    ...priceTable(result),
    ...(tickCost === null ? [] : [tickCostTable(tickCost)]),
    thresholdTable(result),
  ];
  return [{ id: 'stops', title: 'What a long stop costs', blocks }];
}

export const stop: Kind<StopResult> = {
  method: [
    'What a long stop costs',
    'tscope stop',
    "The timer's model, bit for bit as in arch/x86/kvm/lapic.c, runs on this host's clocks with its preemption timer armed. Both clocks are moved forward by the stop; from then on every callback is really run and timed, until the timer has caught up, the watchdog would fire or the time allowed is used up. The callbacks are this program's, not the kernel's: their cost is of the same order, not the same.",
  ],
  verdict,
  brief,
  sections,
};
