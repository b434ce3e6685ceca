import { expect, test } from 'vitest';
import type { Kind } from '../../../src/report/content.ts';
import { calibrate } from '../../../src/report/kinds/calibrate.ts';
import { drift } from '../../../src/report/kinds/drift.ts';
import { kvm } from '../../../src/report/kinds/kvm.ts';
import { timer } from '../../../src/report/kinds/timer.ts';
import { sectionsText } from '../../../src/report/text.ts';
import { fixtureParts } from '../fixture.ts';
import { said } from '../said.ts';

// What is said of the recorded run where the host had been another one; whole, beside this file. Read the difference
// before an update (-u).
const parts = fixtureParts();

function whole<Result>({ verdict, brief, sections }: Kind<Result>, result: Result): string {
  const { level, text } = verdict(result);
  const all = sections(result);
  return [
    `${level}: ${text}`,
    brief(result).join('\n'),
    sectionsText(all),
    '=== on a page ===',
    said(all.map((section) => ({ ...section, blocks: section.blocks.filter((block) => 'draw' in block) }))),
    '',
  ].join('\n\n');
}
const file = (name: string) => `other-hosts/${name}.txt`;

const event = (kind: string, atNs: number) => ({
  kind,
  atNs,
  fromNs: atNs,
  toNs: atNs,
  detail: `${kind}, by 3 s`,
});

test('calibrate: a true rate, another oscillator, remarks and events; the kernel tells no ratio', async () => {
  const result = {
    ...parts.calibrate,
    independent: true,
    kernel: null,
    kernelReason: 'the clock is steered',
    trueRate: { hz: 2.59614e9, errorRatio: 2e-8, reference: 'chronyd' },
    trueRateReason: null,
    estimator: 'lattice',
    estimatorReason: 'the clock is of that counter',
    granularityTicks: 1,
    convergence: parts.calibrate.convergence.slice(0, 3),
    claims: [],
    cpus: [],
    cpusReason: 'only one CPU may be used',
    events: [event('step', 2e8), event('slew', 5e8)],
    kernelRemarks: [
      { atS: 1.25, text: 'Marking TSC unstable' },
      { atS: 3, text: 'clocksource: switched' },
    ],
  } as unknown as typeof parts.calibrate;
  await expect(whole(calibrate, result)).toMatchFileSnapshot(file('calibrate-true'));
});

test('calibrate: a clocksource without a ratio, claims far off, more CPUs than are shown', async () => {
  const [, second] = parts.calibrate.cpus;
  const result = {
    ...parts.calibrate,
    independent: null,
    kernel: {
      clocksource: 'hpet',
      derivedFromTsc: false,
      tscKhz: null,
      mult: null,
      shift: null,
      hz: null,
      offsetRatio: null,
    },
    kernelReason: 'clocksource hpet is another counter',
    granularityTicks: null,
    convergence: parts.calibrate.convergence.slice(0, 2),
    claims: [
      { source: 'CPUID 0x15', hz: 2.6e9, reason: 'a crystal in whole Hz', offsetRatio: 1.5e-3 },
      { source: 'pvclock', hz: null, reason: 'no pvclock', offsetRatio: null },
      { source: 'kernel log', hz: 2.5961e9, reason: 'in whole kHz', offsetRatio: -1.7e-5 },
    ],
    cpus: Array.from({ length: 66 }, (_, cpu) => ({ ...second, cpu, reason: cpu === 3 ? 'offline' : null })),
    cpusReason: 'two CPUs are not allowed',
  } as unknown as typeof parts.calibrate;
  await expect(whole(calibrate, result)).toMatchFileSnapshot(file('calibrate-hpet'));
});

test('calibrate: a ratio whose kHz are not known; nobody else claims a rate', async () => {
  const { kernel } = parts.calibrate;
  const result = {
    ...parts.calibrate,
    kernel: { ...kernel, tscKhz: null, offsetRatio: 1e-9 },
    kernelReason: 'dmesg may not be read',
    claims: [],
    convergence: [],
    cpus: [],
  } as unknown as typeof parts.calibrate;
  await expect(whole(calibrate, result)).toMatchFileSnapshot(file('calibrate-khz'));
  const alone = { ...result, kernel: null } as typeof parts.calibrate;
  expect(said(calibrate.sections(alone))).toContain('Nobody else claims to know the rate');
});

test('timer: beside cyclictest, on the TSC, with stops, missed and early ticks', async () => {
  const { latenessNs, histogram, divergence } = parts.timer;
  if (latenessNs === null || divergence === null) throw new Error('the fixture has no tick');
  const result = {
    ...parts.timer,
    backend: 'tsc',
    backendAfter: 'hv',
    missed: 3,
    stops: 2,
    stopForNs: 1e8,
    throttled: { times: 1, ns: 5e6 },
    histogram: [{ fromNs: -100, toNs: 10, count: 2 }, { fromNs: 10, toNs: 100, count: 0 }, ...histogram],
    cyclictest: {
      version: '2.5',
      ticks: 1000,
      latenessNs: Object.fromEntries(Object.entries(latenessNs).map(([name, ns]) => [name, 2 * ns])),
      histogram: histogram.slice(0, 3),
    },
    divergence: {
      ...divergence,
      estimator: 'lattice',
      rateRatio: 2e-6,
      rateStandardError: 1e-8,
      predictedRateRatio: 2.01e-6,
      atEndNs: 6000,
      maxAbsNs: 6100,
      points: [
        [0, 0],
        [1e9, 2000],
        [3e9, 6000],
      ],
    },
  } as unknown as typeof parts.timer;
  await expect(whole(timer, result)).toMatchFileSnapshot(file('timer-cyclictest'));
  const unknown = {
    ...result,
    cyclictest: { ...result.cyclictest, version: null },
    stops: 1,
    backendAfter: 'sw',
  };
  expect(timer.sections(unknown as typeof parts.timer).flatMap(({ blocks }) => blocks)[0]).toMatchObject({
    text: expect.stringContaining('The thread left 1 time for 100 ms; the timer ended on the hrtimer.'),
  });
  expect(said(timer.sections(unknown as typeof parts.timer))).toContain('cyclictest | 1,000 | - |');
});

test('timer: no tick, and no second deadline', async () => {
  const none = { ...parts.timer, latenessNs: null, histogram: [], ticks: 0, divergence: null };
  await expect(whole(timer, none)).toMatchFileSnapshot(file('timer-none'));
  expect(whole(timer, { ...parts.timer, divergence: null })).not.toContain('ktime deadline');
});

test('drift: clocks that move, stop short, and are independent; events of every kind', async () => {
  const [pair] = parts.drift.pairs;
  if (pair === undefined) throw new Error('the fixture has no pair');
  const at = (second: number) => `2026-01-31T00:00:0${second}.000Z`;
  const result = {
    ...parts.drift,
    durationNs: 4e9,
    pairs: [
      {
        ...pair,
        clock: 'fast',
        independent: true,
        independentReason: 'two crystals',
        rateRatio: 2e-6,
        rateStandardError: 1e-8,
        atEndNs: 8000,
        timeError: [
          [0, 0],
          [2e9, 4000],
          [4e9, 8000],
        ],
        stability: [1, 2, 4].map((tau) => ({
          tauNs: tau * 1e9,
          adev: 1e-8 / tau,
          oadev: tau === 4 ? null : 2e-8 / tau,
          oadevLow: tau === 1 ? 1e-8 : null,
          oadevHigh: 3e-8,
          mdev: null,
          tdevNs: 5 * tau,
          hdev: null,
          n: 10 - tau,
        })),
        events: [
          { at: at(1), kind: 'step', detail: 'by 3 s' },
          { at: at(2), kind: 'suspend', detail: 'for 2 s' },
        ],
      },
      {
        ...pair,
        clock: 'slow',
        independent: null,
        independentReason: 'it is not known',
        rateRatio: -1e-6,
        rateStandardError: null,
        atEndNs: -4000,
        timeError: [
          [0, 0],
          [4e9, -4000],
        ],
        stability: [],
        events: [
          { at: at(3), kind: 'step', detail: 'by 1 s' },
          { at: at(2), kind: 'suspend', detail: 'for 2 s' },
        ],
      },
      {
        ...pair,
        clock: 'lost',
        rateRatio: null,
        rateStandardError: null,
        atEndNs: null,
        maxTimeIntervalErrorNs: null,
        samples: 1,
        timeError: [],
        stability: [],
        events: [],
      },
    ],
  } as unknown as typeof parts.drift;
  await expect(whole(drift, result)).toMatchFileSnapshot(file('drift'));
  const none = { ...result, windowNs: null, pairs: result.pairs.slice(2) };
  await expect(whole(drift, none)).toMatchFileSnapshot(file('drift-none'));
});

const vcpu = {
  toPreemptionTimer: 2,
  toSoftwareTimer: 1,
  accepted: 1200,
  entryLateNs: -300,
  missing: ['this kernel has no event kvm/x'],
};
const trace = {
  available: true,
  reason: null,
  expiries: 1500,
  late: 4,
  agree: { clamp: 1499, 'catch-up': 1495 },
  firstDifference: {
    index: 3,
    policy: 'clamp',
    beforeKtime: '1000',
    afterKtime: '3000',
    predictedKtime: '2000',
  },
  callbackNs: { p50: 80, low: 75, high: 90 },
  callbackReason: null,
  vcpu,
  lost: 0,
};

test('kvm: a kernel that catches up, traced, on the preemption timer', async () => {
  const { resume, model, otherStops } = parts.kvm;
  if (resume === null) throw new Error('the fixture has no stop');
  const result = {
    ...parts.kvm,
    verdict: 'catches-up',
    fix: 'catches-up',
    path: 'preemption-timer',
    host: { ...parts.kvm.host, preemptionTimer: true },
    resume: { ...resume, kernel: { reason: null, callbacks: 1000, vcpu: null, lost: 3 } },
    otherStops: otherStops.map((stop) => ({
      ...stop,
      firstInterruptNs: null,
      phaseShiftNs: null,
      hostCpuNs: null,
      kernel: { reason: null, callbacks: 1, vcpu: null, lost: 0 },
    })),
    saveRestore: { stopNs: 1e9, remainingNs: 5e5, firstInterruptNs: null, agreesWithModel: false },
    model: model.map((row, i) => ({
      ...row,
      lockup: i === 1,
      agreement: { ...row.agreement, agrees: row.policy === 'clamp', extra: i, meanLatenessNs: null },
      alike: i === 2 ? ['skip'] : [],
    })),
    running: null,
    trace: { ...trace, lost: 1200 },
  } as unknown as typeof parts.kvm;
  await expect(whole(kvm, result)).toMatchFileSnapshot(file('kvm-catches-up'));
});

test('kvm: interrupted before the first stop; no model, no trace, and why', async () => {
  const result = {
    ...parts.kvm,
    resume: null,
    otherStops: [],
    saveRestore: null,
    sweep: [],
    running: null,
    model: [],
    trace: { ...trace, available: false, reason: 'tracefs is mounted read-only' },
    stall: {
      tried: 0,
      grid: { old: 0, new: 0, unclear: 0 },
      periodNs: 1e6,
      latenessNs: null,
      verdict: 'inconclusive',
      explanation: 'None was made.',
    },
  } as unknown as typeof parts.kvm;
  await expect(whole(kvm, result)).toMatchFileSnapshot(file('kvm-interrupted'));
});

test.each([
  [
    { ...vcpu, toPreemptionTimer: 0, toSoftwareTimer: 0, missing: [] },
    'the timer never moved to the preemption timer; the local APIC accepted 1,200 timer interrupts; the guest was entered -300 ns from its deadline (median).',
  ],
  [
    { ...vcpu, toPreemptionTimer: null, accepted: null, entryLateNs: null },
    'this kernel has no event kvm/x.',
  ],
  [
    { ...vcpu, toSoftwareTimer: null, entryLateNs: null, missing: [] },
    'the local APIC accepted 1,200 timer interrupts.',
  ],
])("kvm: KVM's own events: %#", (events, text) => {
  const result = { ...parts.kvm, trace: { ...trace, firstDifference: null, callbackNs: null, vcpu: events } };
  expect(sectionsText(kvm.sections(result as typeof parts.kvm))).toContain(
    `No expiry differs. What a callback costs: not measured. KVM's own events: ${text}`,
  );
});

test("kvm: nothing of KVM's own, a callback that was not measured and why", () => {
  const vcpu = {
    toPreemptionTimer: null,
    toSoftwareTimer: null,
    accepted: null,
    entryLateNs: null,
    missing: [],
  };
  const of = (events: typeof vcpu | null) =>
    said(
      kvm.sections({
        ...parts.kvm,
        trace: { ...trace, firstDifference: null, callbackNs: null, callbackReason: 'too few', vcpu: events },
      } as typeof parts.kvm),
    );
  for (const text of [of(vcpu), of(null)]) {
    expect(text).toContain('What a callback costs: not measured; too few.\n');
    expect(text).not.toContain("KVM's own events");
  }
});

test.each([
  [[], 'Interrupts after the resume'],
  [[false, false], 'After the resume the guest gets its interrupts as no policy predicts'],
  [[true, true], 'After the resume every policy predicts what the guest gets: it tells none apart'],
  [[true, false], 'After the resume the guest gets its interrupts as independent predicts'],
  [[true, true, false], 'After the resume the guest gets its interrupts as independent and catch-up predict'],
] as const)('kvm: beside the model, of which %j agree', (agree, title) => {
  const model = agree.map((agrees, i) => {
    const row = parts.kvm.model[i];
    if (row === undefined) throw new Error('the fixture has no model');
    return { ...row, agreement: { ...row.agreement, agrees } };
  });
  const figures = kvm
    .sections({ ...parts.kvm, model })
    .flatMap(({ blocks }) => blocks.filter((block) => 'draw' in block));
  expect(figures.map((figure) => ('title' in figure ? figure.title : ''))).toEqual([title]);
});
