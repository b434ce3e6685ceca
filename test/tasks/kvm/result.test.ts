import { expect, test } from 'vitest';
import { timerSetup } from '../../../src/kvm/timer-setup.ts';
import { kvm } from '../../../src/report/kinds/kvm.ts';
import { resultText } from '../../../src/report/text.ts';
import { kvmResultSchema } from '../../../src/schema/kvm.ts';
import { kvmWarnings, type Measured, resultOf } from '../../../src/tasks/kvm/result.ts';
import { recordedStop, TSC_KHZ } from '../../kvm/guest-stops.ts';
import { fixed, pauses, RECORDED_TSC_KHZ, unfixed } from '../../kvm/recorded.ts';

const measured = (change: Partial<Measured> = {}): Measured => ({
  options: {
    periodNs: 1_000_000,
    divide: 1,
    stopNs: 1_000_000_000,
    ticks: 500,
    stalls: 8,
    trace: 'auto' as const,
    yesReally: false,
  },
  setup: timerSetup(1_000_000, 1, 200_000),
  host: {
    kernel: '6.18.0',
    tscKhz: TSC_KHZ,
    preemptionTimer: false,
    source: 'kvm_amd is loaded; SVM has no preemption timer',
  },
  running: [],
  stalls: null,
  callback: { value: null, reason: 'not asked for' },
  stops: ['spin-pause', 'halt-pause', 'halt-sigstop', 'halt-save-restore'].map(recordedStop),
  ...change,
});

const intel = {
  ...{ kernel: '6.1.0', tscKhz: RECORDED_TSC_KHZ },
  ...{ preemptionTimer: true, source: 'preemption_timer: on' },
};

test('recorded stops make a whole result: the verdict, its evidence, and the model beside it', () => {
  const result = resultOf(measured());
  expect(kvmResultSchema.parse(result)).toEqual(result);
  expect(result).toMatchObject({ path: 'hrtimer', verdict: 'keeps-running' });
  expect(result.resume).toMatchObject({
    loop: 'halt',
    stop: 'pause',
    onGrid: true,
    lostTicks: 999,
    missedTicks: 1000,
  });
  expect(result.resume?.deliveriesNs).toHaveLength(50);
  expect(result.otherStops.map(({ verdict }) => verdict)).toEqual(['keeps-running', 'keeps-running']);
  expect(result.saveRestore).toMatchObject({ agreesWithModel: true });
  expect(result.model.filter(({ agreement }) => agreement.agrees).map(({ policy }) => policy)).toEqual(
    expect.arrayContaining(['independent', 'catch-up', 'clamp']),
  );
  expect(kvmWarnings(result)).toEqual([]);
});

test('a host that catches up: the spinning guest is the main one, and the warning names the way out', () => {
  const stops = pauses(unfixed).map(({ record }) => record);
  const result = resultOf(measured({ host: intel, stops }));
  expect(result).toMatchObject({ path: 'preemption-timer', verdict: 'catches-up', resume: { loop: 'spin' } });
  const agreeing = result.model.filter(({ agreement }) => agreement.agrees).map(({ policy }) => policy);
  expect(agreeing).toContain('catch-up');
  expect(agreeing).not.toContain('clamp');
  expect(kvmWarnings(result)).toMatchObject([
    { code: 'kvm-catches-up', hint: expect.stringContaining('preemption_timer=0') },
  ]);
  expect(resultText(kvm, result)).toContain('Verdict: catches-up: ');
});

test('a fixed host: clamps, and the model agrees', () => {
  const stops = pauses(fixed).map(({ record }) => record);
  const result = resultOf(measured({ host: intel, stops }));
  expect(result.verdict).toBe('clamps');
  expect(result.model.find(({ policy }) => policy === 'clamp')?.agreement.agrees).toBe(true);
  expect(result.model.find(({ policy }) => policy === 'catch-up')?.agreement.agrees).toBe(false);
});

test('interrupted before anything: nulls and a verdict that claims nothing', () => {
  const result = resultOf(measured({ stops: [] }));
  expect(kvmResultSchema.parse(result)).toEqual(result);
  expect(result).toMatchObject({
    running: null,
    resume: null,
    saveRestore: null,
    model: [],
    verdict: 'inconclusive',
  });
  expect(resultText(kvm, result)).toContain('Verdict: inconclusive');
});

test('a raised period and a long burst are told; interrupts that no policy predicts too', () => {
  const stop = recordedStop('halt-pause');
  const scrambled = stop.deliveriesNs.map((time, i) => (time < 0 ? time : time + (i % 2) * 350_000));
  const result = resultOf(
    measured({
      options: {
        periodNs: 100_000,
        divide: 1,
        stopNs: 60_000_000_000,
        ticks: 500,
        stalls: 8,
        trace: 'auto' as const,
        yesReally: true,
      },
      setup: timerSetup(100_000, 1, 200_000),
      stops: [{ ...stop, deliveriesNs: scrambled.slice(0, 110) }],
    }),
  );
  const codes = kvmWarnings(result).map(({ code }) => code);
  expect(codes).toContain('kvm-period-raised');
  expect(codes).toContain('kvm-long-burst');
});

/** What the kernel's trace shows of a callback's cost, or nothing. */
const costsByTrace = (ns: number | null): Partial<Measured> => ({
  callback:
    ns === null
      ? { value: null, reason: 'not asked for' }
      : { value: { ns, lowNs: ns - 10, highNs: ns + 10 } },
});

test('the burst is estimated at what a callback costs here: in the longest burst, in the trace, else in the crash', () => {
  const stops = pauses(unfixed).map(({ record }) => record);
  const caughtUp = resultOf(measured({ host: intel, stops, ...costsByTrace(200) }));
  const bursts = [caughtUp.resume, ...caughtUp.otherStops].flatMap((stop) => stop?.burst ?? []);
  const [longest] = bursts.toSorted((a, b) => b.callbacks - a.callbacks);
  expect(bursts.length).toBeGreaterThan(1);
  expect(longest?.callbackNs).toBeGreaterThan(1000);
  expect(caughtUp.burstEstimate).toEqual({
    callbacks: 1000,
    callbackNs: longest?.callbackNs,
    burstNs: 1000 * (longest?.callbackNs ?? 0),
  });
  const estimated = (change: Partial<Measured>) => resultOf(measured(change)).burstEstimate;
  expect(estimated(costsByTrace(200))).toEqual({ callbacks: 1000, callbackNs: 200, burstNs: 200_000 });
  expect(estimated(costsByTrace(null))).toEqual({ callbacks: 1000, callbackNs: 79, burstNs: 79_000 });
});

test('a burst over 20 ms is told with what a callback costs, and whether that was measured here', () => {
  const options = { ...measured().options, stopNs: 100e9 };
  const told = (p50: number | null, stopNs = options.stopNs) =>
    kvmWarnings(resultOf(measured({ options: { ...options, stopNs }, ...costsByTrace(p50) })))
      .filter(({ code }) => code === 'kvm-long-burst')
      .map(({ message }) => message);
  expect(told(200)).toEqual([]);
  expect(told(201)).toEqual([
    'A stop of this length costs a kernel that catches up 20.1 ms with interrupts off (100,000 callbacks, 201 ns each, as measured here).',
  ]);
  expect(told(null, 254e9)).toEqual([
    'A stop of this length costs a kernel that catches up 20.1 ms with interrupts off (254,000 callbacks, 79 ns each, as in the crash in the field).',
  ]);
});

test('a document that does not say what a callback costs was estimated at 79 ns', () => {
  const { burstEstimate, ...rest } = resultOf(measured());
  const { callbacks, burstNs } = burstEstimate;
  const old = kvmResultSchema.parse({ ...rest, burstEstimate: { callbacks, burstNs } });
  expect(old.burstEstimate).toEqual({ callbacks: 1000, callbackNs: 79, burstNs: 79_000 });
});
