import type { KvmResult, KvmStop } from '../../../schema/kvm.ts';
import { formatCount, formatNs } from '../../../units.ts';
import { policyStyle } from '../../policy-style.ts';
import { timeUnit } from '../../svg/mark-text.ts';
import { PLAIN_STYLE } from '../../svg/series.ts';
import { type StripRow, stripFigure } from '../../svg/strip.ts';
import { caption, facts, heading, paragraph, table } from '../markup.ts';
import type { Section } from '../page.ts';

/** As many periods after the resume are drawn. */
const PERIODS = 12;

function modelRows({ model }: KvmResult): StripRow[] {
  return model.map(({ policy, deliveriesNs, agreement, lockup }) => ({
    label: policy,
    note: lockup
      ? 'hard lockup'
      : `${agreement.agrees ? 'agrees' : 'differs'}: ${agreement.matched} of ${agreement.predicted}${agreement.extra === 0 ? '' : `, ${agreement.extra} extra`}`,
    style: policyStyle(policy),
    events: deliveriesNs,
  }));
}

function besideModel(result: KvmResult, resume: KvmStop): string {
  const { periodNs, resumePhaseNs, deliveriesNs } = resume;
  const unit = timeUnit(periodNs * 2);
  const per = (ns: number) => ns / unit.ns;
  const measured: StripRow = {
    label: 'measured',
    note: 'this host',
    style: PLAIN_STYLE,
    events: deliveriesNs,
  };
  const rows = [measured, ...modelRows(result)].map((row) => ({ ...row, events: row.events.map(per) }));
  const period = per(periodNs);
  return stripFigure(
    {
      title: 'Interrupts after the resume: measured, and as the model predicts under each policy',
      axis: `time after the resume (${unit.unit})`,
      domain: [-period / 2, period * (PERIODS + 0.4)],
      marks: Array.from({ length: PERIODS / 2 + 1 }, (_, i) => ({
        at: 2 * i * period,
        text: String(Number((2 * i * period).toPrecision(4))),
      })),
      grid: Array.from({ length: PERIODS + 1 }, (_, i) => per(i * periodNs - resumePhaseNs)),
      band: null,
      rows,
    },
    caption(
      `A guest that ${resume.loop === 'halt' ? 'halts' : 'spins'}, stopped for ${formatNs(resume.stopNs)}. Dotted lines are the ticks as they would have come without the stop.`,
      'On the right: how many of the predicted interrupts came, over the whole record.',
    ),
  );
}

const NAMES: Readonly<Record<KvmStop['stop'], string>> = {
  pause: 'paused',
  sigstop: 'SIGSTOP',
  'save-restore': 'saved and restored',
};

const stopRow = (stop: KvmStop): string[] => [
  stop.loop === 'halt' ? 'halts' : 'spins',
  NAMES[stop.stop],
  formatNs(stop.stopNs),
  formatCount(stop.missedTicks),
  formatCount(stop.lostTicks),
  stop.firstInterruptNs === null ? '-' : formatNs(stop.firstInterruptNs),
  formatCount(stop.interruptsFirstPeriod),
  stop.phaseShiftNs === null
    ? '-'
    : `${formatNs(stop.phaseShiftNs)} +/- ${stop.phaseShiftErrorNs === null ? '-' : formatNs(stop.phaseShiftErrorNs)}`,
  stop.hostCpuNs === null ? '-' : formatNs(stop.hostCpuNs),
  stop.verdict,
];

/** What became of a guest whose local APIC was saved and restored. */
function savedRow({ saveRestore }: KvmResult): Array<readonly [string, string, string]> {
  if (saveRestore === null) return [];
  const { remainingNs, firstInterruptNs, stopNs, agreesWithModel } = saveRestore;
  const first =
    firstInterruptNs === null ? 'no interrupt' : `first interrupt after ${formatNs(firstInterruptNs)}`;
  const value = `${formatNs(remainingNs)} left to count, ${first}`;
  const model = agreesWithModel ? 'as the model says: the count stands still' : 'not as the model says';
  return [['saved and restored', value, `over ${formatNs(stopNs)}; ${model}`]];
}

/** A real guest of this host beside the model. */
export function kvmSection(result: KvmResult): Section {
  const { resume, otherStops, running, sweep, host, path, pathReason } = result;
  const stops = resume === null ? [] : [resume, ...otherStops];
  const runs = running === null ? sweep : [running, ...sweep];
  const html = [
    paragraph(result.explanation, 'lead'),
    resume === null ? '' : besideModel(result, resume),
    facts([
      ['driven by', path, pathReason],
      [
        'preemption timer',
        host.preemptionTimer === null ? 'not known' : host.preemptionTimer ? 'yes' : 'no',
        host.preemptionTimerSource,
      ],
      ['kernel', host.kernel, ''],
      ...savedRow(result),
      ['TSC of the guest', `${formatCount(host.tscKhz)} kHz`, 'KVM_GET_TSC_KHZ'],
    ]),
    stops.length === 0
      ? ''
      : heading('Stops') +
        table(
          [
            'guest',
            'stopped by',
            '#for',
            '#missed',
            '#lost',
            '#first after',
            '#in 1st period',
            '#phase shift (1 s.e.)',
            '#CPU time',
            'verdict',
          ],
          stops.map(stopRow),
        ),
    runs.length === 0
      ? ''
      : heading('Left to run') +
        table(
          ['guest', '#period', '#divide', '#ticks', '#late 50 %', '#99 %', '#max', '#coalesced'],
          runs.map((run) => [
            run.loop === 'halt' ? 'halts' : 'spins',
            formatNs(run.periodNs),
            String(run.divide),
            formatCount(run.ticks),
            formatNs(run.latenessNs.p50Ns),
            formatNs(run.latenessNs.p99Ns),
            formatNs(run.latenessNs.maxNs),
            formatCount(run.coalesced),
          ]),
        ),
  ];
  return { id: 'kvm', title: 'A real guest, beside the model', html: html.join('') };
}
