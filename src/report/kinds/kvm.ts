import { about, between, count, exact, offset, plusMinus, ratio } from '../../digits.ts';
import type { KvmResult, KvmRunning, KvmStop } from '../../schema/kvm.ts';
import { columns } from '../columns.ts';
import type { Block, Facts, Kind, Level, Section, Table, Verdict } from '../content.ts';
import type { Figure } from '../plot/figure.ts';
import { PLAIN_STYLE } from '../plot/series.ts';
import { type StripRow, stripFigure } from '../plot/strip.ts';
import { timeUnit } from '../plot/tick-text.ts';
import { LOOPS, listed, orDash, plural, STOPS, yesNo } from '../words.ts';
import { policyStyle } from './around-stop.ts';

type Model = KvmResult['model'][number];

const VERDICTS: Readonly<Record<KvmResult['verdict'], readonly [Level, string]>> = {
  'keeps-running': [
    'note',
    "A guest's timer keeps running while the guest is stopped, so there is nothing to catch up: a stop does not test the fix on this host.",
  ],
  clamps: ['good', 'It clamps: what a guest missed in a stop is dropped, as the fix does.'],
  'catches-up': [
    'bad',
    'It runs through every period that a guest missed, with interrupts off: CVE-2025-71104 is open on this host.',
  ],
  inconclusive: ['unknown', 'This run does not tell what it does with the ticks that a guest misses.'],
};

/** What this kernel does with a real guest's timer. The evidence is the result's own explanation. */
function verdict({ verdict: shown, fix }: KvmResult): Verdict {
  const [level, text] = VERDICTS[fix === 'untested' ? shown : fix];
  return { level, about: "This kernel's KVM", text };
}

/** What the forced delays showed, where the explanation does not say it already. */
const stallBrief = ({ stall, explanation }: KvmResult): string[] =>
  stall === null || explanation.includes(stall.explanation)
    ? []
    : [`forced delay: ${stall.verdict}: ${stall.explanation}`];

const brief = (result: KvmResult): string[] => [
  `${result.verdict}: ${result.explanation}`,
  ...stallBrief(result),
  `timer: ${result.path} (${result.pathReason})`,
];

/** How many periods after the resume are drawn. */
const PERIODS = 12;

const agreementText = ({ agreement, lockup }: Model): string =>
  lockup
    ? 'hard lockup'
    : `${agreement.agrees ? 'agrees' : 'differs'}: ${agreement.matched} of ${agreement.predicted}${agreement.extra === 0 ? '' : `, ${agreement.extra} extra`}`;

function besideModelTitle({ model }: KvmResult): string {
  const agreeing = model.filter(({ agreement }) => agreement.agrees).map(({ policy }) => policy);
  if (model.length === 0) return 'Interrupts after the resume';
  if (agreeing.length === 0) return 'After the resume the guest gets its interrupts as no policy predicts';
  if (agreeing.length === model.length)
    return 'After the resume every policy predicts what the guest gets: it tells none apart';
  return `After the resume the guest gets its interrupts as ${listed(agreeing)} predict${agreeing.length === 1 ? 's' : ''}`;
}

/** The interrupts after the resume: measured, and predicted by the model. */
function besideModel(result: KvmResult, resume: KvmStop): Figure {
  const { periodNs, resumePhaseNs, deliveriesNs } = resume;
  const unit = timeUnit(periodNs * 2);
  const per = (ns: number) => ns / unit.ns;
  const rows: StripRow[] = [
    { label: 'measured', note: 'this host', style: PLAIN_STYLE, events: deliveriesNs.map(per) },
    ...result.model.map((one) => ({
      label: one.policy,
      note: agreementText(one),
      style: policyStyle(one.policy),
      events: one.deliveriesNs.map(per),
    })),
  ];
  const period = per(periodNs);
  return stripFigure({
    id: 'after-the-resume',
    title: besideModelTitle(result),
    axis: `time after the resume (${unit.unit})`,
    domain: [-period / 2, period * (PERIODS + 0.4)],
    ticks: Array.from({ length: PERIODS / 2 + 1 }, (_, i) => ({
      at: 2 * i * period,
      text: String(Number((2 * i * period).toPrecision(4))),
    })),
    grid: Array.from({ length: PERIODS + 1 }, (_, i) => per(i * periodNs - resumePhaseNs)),
    band: null,
    rows,
    describe: (at) => `${about(at * unit.ns, offset)} after the resume`,
    caption: [
      `A guest that ${LOOPS[resume.loop]}, stopped for ${about(resume.stopNs)}. Dotted lines are the ticks as they would have come without the stop.`,
      'On the right: how many of the predicted interrupts came, over the whole record.',
    ],
  });
}

/** What became of a guest whose local APIC was saved and restored. */
function savedFact({ saveRestore }: KvmResult): Facts['facts'] {
  if (saveRestore === null) return [];
  const { remainingNs, firstInterruptNs, stopNs, agreesWithModel } = saveRestore;
  const first =
    firstInterruptNs === null
      ? 'no interrupt'
      : `the first interrupt ${about(firstInterruptNs)} after the restore`;
  const model = agreesWithModel ? 'as the model says: the count stands still' : 'not as the model says';
  return [
    [
      'saved and restored',
      `${about(remainingNs)} left to count, ${first}`,
      `over ${about(stopNs)}; ${model}`,
    ],
  ];
}

const factsOf = (result: KvmResult): Facts => ({
  facts: [
    ['the fix', FIXES[result.fix], 'for CVE-2025-71104'],
    ['timer path', result.path, result.pathReason],
    ['preemption timer', yesNo(result.host.preemptionTimer), result.host.preemptionTimerSource],
    ['kernel', result.host.kernel, ''],
    ...savedFact(result),
    ["guest's TSC", `${count(result.host.tscKhz)} kHz`, 'KVM_GET_TSC_KHZ'],
  ],
});

/** What forced delays showed: how many there were, what the guest got after them, and what that says. */
function stallBlock({ stall }: KvmResult): Block[] {
  if (stall === null) return [];
  const { tried, grid, latenessNs, explanation } = stall;
  return [
    {
      title: `Forced delay: ${stall.verdict}`,
      head: ['#delays', '#late p50', '#max', '#new grid after it', '#old grid', '#unclear'],
      rows: [
        [
          count(tried),
          orDash(latenessNs?.p50, about),
          orDash(latenessNs?.max, about),
          count(grid.new),
          count(grid.old),
          count(grid.unclear),
        ],
      ],
      note: explanation,
    },
  ];
}

/** What the kernel's own tracepoints say of the delayed timer, or why they are not there. */
function traceBlock({ trace }: KvmResult): Block[] {
  if (trace === null) return [];
  if (!trace.available) return [{ text: `Kernel's trace: none; ${trace.reason}.` }];
  const { expiries, late, agree, firstDifference, callbackNs, callbackReason, vcpu, lost } = trace;
  const note = [
    firstDifference === null
      ? 'No expiry differs.'
      : `The first that differs (${firstDifference.policy}): due at ${firstDifference.beforeKtime}, next at ${firstDifference.afterKtime}, predicted ${firstDifference.predictedKtime}.`,
    callbackNs === null
      ? `What a callback costs: not measured${callbackReason === null ? '' : `; ${callbackReason}`}.`
      : `One callback of a burst takes ${between(callbackNs.p50, callbackNs.low, callbackNs.high)} here, tracing taken off; 79 ns in the crash dump.`,
    ...vcpuWords(vcpu),
    ...(lost === 0 ? [] : [`${plural(lost, 'event')} ${lost === 1 ? 'was' : 'were'} lost.`]),
  ].join(' ');
  return [
    {
      title: `Kernel's trace: ${count(expiries)} expiries, ${count(late)} of them a period late or more`,
      head: ['policy', '#exactly as the model has them'],
      rows: Object.entries(agree).map(([policy, exactly]) => [
        policy,
        `${count(exactly)} of ${count(expiries)}`,
      ]),
      note,
    },
  ];
}

type VcpuEvents = NonNullable<KvmResult['trace']>['vcpu'];

/** What KVM's own tracepoints say of a vCPU's timer. */
function vcpuWords(vcpu: VcpuEvents): string[] {
  if (vcpu === null) return [];
  const { toPreemptionTimer, toSoftwareTimer, accepted, entryLateNs, missing } = vcpu;
  const moved =
    toPreemptionTimer === null || toSoftwareTimer === null
      ? []
      : [
          toPreemptionTimer + toSoftwareTimer === 0
            ? 'the timer never moved to the preemption timer'
            : `the timer moved to the preemption timer ${plural(toPreemptionTimer, 'time')} and to the software timer ${plural(toSoftwareTimer, 'time')}`,
        ];
  const said = [
    ...moved,
    ...(accepted === null ? [] : [`the local APIC accepted ${plural(accepted, 'timer interrupt')}`]),
    ...(entryLateNs === null
      ? []
      : [`the guest was entered ${about(entryLateNs, offset)} from its deadline (median)`]),
    ...missing,
  ];
  return said.length === 0 ? [] : [`KVM's own events: ${said.join('; ')}.`];
}

const FIXES: Readonly<Record<KvmResult['fix'], string>> = {
  clamps: 'is in this kernel: it clamps',
  'catches-up': 'is not in this kernel: it catches up',
  untested: 'not tested by this run',
};

const stopsTable = (stops: readonly KvmStop[]): Table => ({
  title: 'Stop and resume: ticks missed meanwhile, and the interrupts after',
  ...columns(stops, [
    ['guest', ({ loop }) => LOOPS[loop]],
    ['stopped by', ({ stop }) => STOPS[stop]],
    ['#for', ({ stopNs }) => about(stopNs)],
    ['#missed', ({ missedTicks }) => count(missedTicks)],
    ['#lost', ({ lostTicks }) => count(lostTicks)],
    ['#first after', ({ firstInterruptNs }) => orDash(firstInterruptNs, about)],
    ['#in 1 period', ({ interruptsFirstPeriod }) => count(interruptsFirstPeriod)],
    [
      '#callbacks',
      ({ kernel }) =>
        orDash(kernel?.callbacks, (value) => `${count(value)}${kernel?.lost ? ' or more' : ''}`),
    ],
    [
      '#phase shift (1 s.e.)',
      (stop) => orDash(stop.phaseShiftNs, (ns) => plusMinus(ns, stop.phaseShiftErrorNs, offset)),
    ],
    ['#CPU time', ({ hostCpuNs }) => orDash(hostCpuNs, about)],
    ['#usual', ({ usualCpuNs }) => orDash(usualCpuNs, about)],
    ['verdict', ({ verdict }) => verdict],
  ]),
  note: `${callbacksNote(stops)} First after and CPU time are from one stop each and have no interval: another stop gives other figures.`,
});

/** What the callbacks column shows, or why it is empty. */
function callbacksNote(stops: readonly KvmStop[]): string {
  const traced = stops.some(({ kernel }) => kernel?.callbacks != null);
  const reason = stops[0]?.kernel?.reason ?? 'the document has none';
  return traced
    ? "callbacks: runs of apic_timer_fn from the resume to the first interrupt, by the kernel's trace. More than one is a catch-up burst."
    : `callbacks: those from the resume to the first interrupt are not known; ${reason}.`;
}

/** A mean period's offset from the programmed one, with one standard error. */
const periodError = ({ meanPeriodNs, meanPeriodErrorNs, periodNs }: KvmRunning): string =>
  plusMinus(meanPeriodNs / periodNs - 1, meanPeriodErrorNs / periodNs, ratio);

const runningTable = (rows: readonly KvmRunning[]): Table => ({
  title: "Running: interrupts against the timer's grid",
  ...columns(rows, [
    ['guest', ({ loop }) => LOOPS[loop]],
    ['#period', ({ periodNs }) => exact(periodNs)],
    ['#divide', ({ divide }) => count(divide)],
    ['#ticks', ({ ticks }) => count(ticks)],
    ['#mean period (1 s.e.)', periodError],
    ['#late p50', ({ latenessNs }) => about(latenessNs.p50Ns)],
    ['#p99', ({ latenessNs }) => about(latenessNs.p99Ns)],
    ['#max', ({ latenessNs }) => about(latenessNs.maxNs)],
    ['#coalesced', ({ coalesced }) => count(coalesced)],
  ]),
  note: "Lateness is this guest's, and has no interval: `tscope timer` bounds a next run's.",
});

const modelTable = ({ model, resume, path }: KvmResult): Table => ({
  title: `The model on ${path === 'preemption-timer' ? 'the preemption timer' : 'the software timer'}, and the guest that ${resume === null ? 'ran' : LOOPS[resume.loop]}: interrupt by interrupt`,
  ...columns(model, [
    ['policy', ({ policy }) => policy],
    [
      'predicted after the resume',
      ({ deliveriesNs }) =>
        deliveriesNs
          .slice(0, 3)
          .map((ns) => about(ns))
          .join(', '),
    ],
    ['#callbacks', ({ callbacks }) => count(callbacks)],
    ['#exits', ({ vmExits }) => count(vmExits)],
    [
      '#came',
      ({ lockup, agreement }) => (lockup ? 'hard lockup' : `${agreement.matched} of ${agreement.predicted}`),
    ],
    ['#extra', ({ agreement }) => count(agreement.extra)],
    ['#mean late', ({ agreement }) => orDash(agreement.meanLatenessNs, about)],
    ['agrees', ({ agreement }) => yesNo(agreement.agrees)],
  ]),
  note: alikeNote(model),
});

/** Policies that this stop cannot tell apart, among those that agree. */
function alikeNote(model: KvmResult['model']): string {
  const alike = model.filter((row) => row.agreement.agrees && row.alike.length > 0);
  const names = new Set(alike.flatMap((row) => [row.policy, ...row.alike]));
  return names.size === 0 ? '' : `After this stop these cannot be told apart: ${[...names].join(', ')}.`;
}

/** A real guest of this host beside the model. */
function sections(result: KvmResult): Section[] {
  const { resume, otherStops, running, sweep, host, periodNs, divide } = result;
  const runs = running === null ? sweep : [running, ...sweep];
  const blocks: Block[] = [
    {
      text: `A 64 KiB guest on KVM's in-kernel local APIC, Linux ${host.kernel}: periodic timer, ${exact(periodNs)}, divide ${divide}.`,
      tone: 'lead',
    },
    { text: `Verdict: ${result.verdict}: ${result.explanation}` },
    factsOf(result),
    ...stallBlock(result),
    ...traceBlock(result),
    ...(resume === null ? [] : [besideModel(result, resume), stopsTable([resume, ...otherStops])]),
    ...(runs.length === 0 ? [] : [runningTable(runs)]),
    modelTable(result),
  ];
  return [{ id: 'kvm', title: 'A real guest, beside the model', blocks }];
}

export const kvm: Kind<KvmResult> = {
  method: [
    'A real guest',
    'tscope kvm',
    'A guest of a few bytes runs on KVM with its in-kernel local APIC; each interrupt is noted with both clocks as KVM_RUN returns. The stop is a time in which KVM_RUN is not called, or a SIGSTOP of the process. The model goes through the same start, stop and resume in virtual time.',
  ],
  verdict,
  brief,
  sections,
};
