import type { KvmResult, KvmRunning, KvmStop } from '../../schema/kvm.ts';
import { formatCount, formatNs, formatRatio } from '../../units.ts';
import { textTable } from './table.ts';

const orDash = (ns: number | null): string => (ns === null ? '-' : formatNs(ns));

/** What the guest does between interrupts, for people. */
const guestName = (loop: KvmStop['loop']): string => (loop === 'halt' ? 'halts' : 'spins');

const STOPS: Readonly<Record<KvmStop['stop'], string>> = {
  pause: 'paused',
  sigstop: 'SIGSTOP',
  'save-restore': 'saved, restored',
};

/** A mean period's offset from the programmed one, with one standard error. */
export function periodError({ meanPeriodNs, meanPeriodErrorNs, periodNs }: KvmRunning): string {
  const error = formatRatio(meanPeriodErrorNs / periodNs).replace(/^\+/, '');
  return `${formatRatio(meanPeriodNs / periodNs - 1)} +/- ${error}`;
}

const runningRow = (row: KvmRunning): string[] => [
  guestName(row.loop),
  formatNs(row.periodNs),
  String(row.divide),
  formatCount(row.ticks),
  periodError(row),
  formatNs(row.latenessNs.p50Ns),
  formatNs(row.latenessNs.p99Ns),
  formatNs(row.latenessNs.maxNs),
  formatCount(row.coalesced),
];

function runningText(rows: readonly KvmRunning[]): string {
  const head = [
    'guest',
    '#period',
    '#divide',
    '#ticks',
    '#mean period (1 s.e.)',
    '#late p50',
    '#p99',
    '#max',
    '#coalesced',
  ];
  return `Running: interrupts against the timer's grid\n${textTable(head, rows.map(runningRow))}`;
}

/** A phase shift with one standard error. */
export const shiftText = ({ phaseShiftNs, phaseShiftErrorNs }: KvmStop): string =>
  phaseShiftNs === null ? '-' : `${formatNs(phaseShiftNs)} +/- ${orDash(phaseShiftErrorNs)}`;

const stopRow = (stop: KvmStop): string[] => [
  guestName(stop.loop),
  STOPS[stop.stop],
  formatNs(stop.stopNs),
  formatCount(stop.missedTicks),
  formatCount(stop.lostTicks),
  orDash(stop.firstInterruptNs),
  formatCount(stop.interruptsFirstPeriod),
  shiftText(stop),
  orDash(stop.hostCpuNs),
  orDash(stop.usualCpuNs),
  stop.verdict,
];

function stopsText(stops: readonly KvmStop[]): string {
  const head = [
    'guest',
    'stopped by',
    '#for',
    '#missed',
    '#lost',
    '#first after',
    '#in 1 period',
    '#phase shift (1 s.e.)',
    '#CPU time',
    '#usual',
    'verdict',
  ];
  return `Stop and resume: ticks missed meanwhile, and the interrupts after\n${textTable(head, stops.map(stopRow))}`;
}

const modelRow = ({
  policy,
  deliveriesNs,
  callbacks,
  vmExits,
  lockup,
  agreement,
}: KvmResult['model'][number]): string[] => [
  policy,
  deliveriesNs.slice(0, 3).map(formatNs).join(', '),
  formatCount(callbacks),
  formatCount(vmExits),
  lockup ? 'hard lockup' : `${agreement.matched} of ${agreement.predicted}`,
  String(agreement.extra),
  orDash(agreement.meanLatenessNs),
  agreement.agrees ? 'yes' : 'no',
];

function modelText({ model, resume, path }: KvmResult): string {
  const head = [
    'policy',
    'predicted after the resume',
    '#callbacks',
    '#exits',
    '#came',
    '#extra',
    '#mean late',
    'agrees',
  ];
  const timer = path === 'preemption-timer' ? 'the preemption timer' : 'the software timer';
  const title = `The model on ${timer}, and the guest that ${resume === null ? 'ran' : guestName(resume.loop)}: interrupt by interrupt`;
  return `${title}\n${textTable(head, model.map(modelRow))}`;
}

function saveRestoreText({ saveRestore }: KvmResult): string[] {
  if (saveRestore === null) return [];
  const { stopNs, remainingNs, firstInterruptNs, agreesWithModel } = saveRestore;
  return [
    `Saved and restored over ${formatNs(stopNs)}: ${formatNs(remainingNs)} were left to count, the first interrupt came ` +
      `${orDash(firstInterruptNs)} after the restore (${agreesWithModel ? 'as' : 'not as'} the model says: the count stands still).`,
  ];
}

/** What forced delays showed: the verdict on the fix, the evidence, and how much of it. */
function stallText({ stall }: KvmResult): string[] {
  if (stall === null) return [];
  const { tried, grid, latenessNs, verdict, explanation } = stall;
  const late = latenessNs === null ? '' : `, ${formatNs(latenessNs.p50)} late (median)`;
  const counts = `${tried} delays${late}; afterwards on a new grid ${grid.new}, on the old one ${grid.old}, unclear ${grid.unclear}`;
  return [`Forced delay: ${verdict}\n  ${counts}\n  ${explanation}`];
}

/** The verdict and what it rests on, in two lines. */
export const kvmVerdictLines = ({ verdict, explanation, path, pathReason }: KvmResult): string[] => [
  `${verdict}: ${explanation}`,
  `timer path: ${path} (${pathReason})`,
];

/** The result for people. */
export function kvmText(result: KvmResult): string {
  const { periodNs, divide, host, running, sweep, resume, otherStops, model } = result;
  const rows = [...(running === null ? [] : [running]), ...sweep];
  const [verdict = '', path = ''] = kvmVerdictLines(result);
  return [
    `A 64 KiB guest on KVM's in-kernel local APIC, Linux ${host.kernel}: periodic timer, ${formatNs(periodNs)}, divide ${divide}.`,
    ...(rows.length === 0 ? [] : [runningText(rows)]),
    ...(resume === null ? [] : [stopsText([resume, ...otherStops])]),
    ...saveRestoreText(result),
    ...stallText(result),
    ...(model.length === 0 ? [] : [modelText(result)]),
    `Verdict: ${verdict}\nTimer path: ${path.replace('timer path: ', '')}`,
  ].join('\n\n');
}
