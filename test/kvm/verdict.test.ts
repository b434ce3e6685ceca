import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untraced } from '../../src/kvm/expiries.ts';
import type { GuestStop } from '../../src/kvm/guest-stop.ts';
import { predict } from '../../src/kvm/model.ts';
import {
  type Conclusion,
  combine,
  conclude,
  concludeTrace,
  findingOf,
  fixOf,
  pathOf,
  type StopFinding,
  together,
} from '../../src/kvm/verdict.ts';
import { recordedStop, type Synthetic, synthetic, TSC_KHZ } from './guest-stops.ts';
import { fixed, pauses, unfixed } from './recorded.ts';

const unknownHost = { preemptionTimer: null, source: 'neither kvm_intel nor kvm_amd is loaded' };

test('a count that goes on while the guest is stopped is the software timer', () => {
  for (const name of ['halt-pause', 'spin-pause']) {
    const { path, reason } = pathOf(recordedStop(name), unknownHost);
    expect(path).toBe('hrtimer');
    // A reading is 0 while the host's timer interrupt is on its way.
    expect(reason).toMatch(/^TMCCT went on counting while the guest was stopped \([23] of 3 readings\)/);
    expect(reason).toContain('neither kvm_intel nor kvm_amd');
  }
});

test('a count that stays at 0 is the preemption timer, overdue', () => {
  for (const { record } of [...pauses(fixed), ...pauses(unfixed)]) {
    const { path, reason } = pathOf(record, unknownHost);
    expect(path).toBe('preemption-timer');
    expect(reason).toContain('stayed at 0');
  }
});

test('how the guest behaved beats how the host is set up', () => {
  expect(pathOf(recordedStop('halt-pause'), { preemptionTimer: true, source: 'on' }).path).toBe('hrtimer');
});

test('where the count could not be watched, the set-up decides, or nothing does', () => {
  const stop = recordedStop('halt-sigstop');
  expect(pathOf(stop, { preemptionTimer: true, source: 'on' })).toEqual({
    path: 'preemption-timer',
    reason: 'on',
  });
  expect(pathOf(stop, { preemptionTimer: false, source: 'AMD' })).toEqual({
    path: 'hrtimer',
    reason: 'AMD',
  });
  expect(pathOf(stop, unknownHost).path).toBe('unknown');
});

test('readings within the first periods of the stop prove nothing: nothing is overdue yet', () => {
  const stop = synthetic({ policy: 'clamp', path: 'preemption-timer' });
  const early = [1, 2].map((i) => ({
    atNs: stop.leftNs + i * 100_000,
    uncertaintyNs: 1,
    remainingNs: 500_000,
  }));
  expect(pathOf({ ...stop, counts: early }, unknownHost).path).toBe('unknown');
});

test.each(['halt-pause', 'halt-sigstop', 'spin-sigstop'])(
  '%s: all missed ticks but the coalesced one are lost',
  (name) => {
    const { missedTicks, lostTicks, stopNs } = findingOf(recordedStop(name));
    expect(stopNs).toBeGreaterThan(999_000_000);
    expect(missedTicks).toBeGreaterThanOrEqual(999);
    expect(missedTicks).toBeLessThanOrEqual(1001);
    expect(lostTicks).toBe(missedTicks - 1);
  },
);

test('the phase shift of a clamp is the distance from the old grid to the resume', () => {
  const clamped = findingOf(
    synthetic({ policy: 'clamp', path: 'preemption-timer', resumeAt: 0.4, loop: 'halt' }),
  );
  expect(clamped.grid).toBe('new');
  expect(Math.abs((clamped.phaseShiftNs ?? 0) - 400_000)).toBeLessThan(10_000);
  expect(clamped.resumePhaseNs).toBeCloseTo(400_000);
  expect(clamped.missedTicks).toBe(1000);
});

test('a timer that caught up has no phase shift', () => {
  const stops = pauses(unfixed).filter((stop) => stop.record.periodNs === 1e6);
  expect(stops.length).toBeGreaterThan(1);
  for (const { record } of stops) {
    const { phaseShiftNs } = findingOf(record);
    expect(Math.abs(phaseShiftNs ?? 1e9)).toBeLessThan(10_000);
  }
});

test('a stop without interrupts after the resume is unclear, not a crash', () => {
  const stop = synthetic({ policy: 'clamp', path: 'hrtimer' });
  const silent = findingOf({ ...stop, deliveriesNs: stop.deliveriesNs.filter((time) => time < 0) });
  expect(silent).toMatchObject({
    grid: 'unclear',
    firstInterruptNs: null,
    interruptsFirstPeriod: 0,
    phaseShiftNs: null,
  });
});

const amd = { preemptionTimer: false, source: 'kvm_amd is loaded' };
const intel = { preemptionTimer: true, source: 'preemption_timer=Y' };

const judge = (stop: GuestStop, host: { preemptionTimer: boolean | null; source: string }): Conclusion =>
  conclude(findingOf(stop), pathOf(stop, host).path, host.preemptionTimer, stop.periodNs);
const verdict = (spec: Synthetic, host = spec.path === 'hrtimer' ? amd : intel) =>
  judge(synthetic(spec), host).verdict;

test.each(['halt-pause', 'spin-pause'])('the recorded stop %s kept running', (name) => {
  const stop = recordedStop(name);
  const { verdict, explanation } = judge(stop, amd);
  expect(verdict).toBe('keeps-running');
  expect(explanation).toMatch(/1,000 ticks passed; .* interrupts? came .* (999|1,000) ticks were lost/);
});

test('a recorded stop whose resume fell on the grid proves nothing', () => {
  const { verdict, explanation } = judge(recordedStop('halt-sigstop-on-grid'), amd);
  expect(verdict).toBe('inconclusive');
  expect(explanation).toContain('the resume fell on the old grid');
});

test('what no recorded kernel does on the preemption timer: the rule before 4.18, and a timer that a stop gates', () => {
  for (const loop of ['spin', 'halt'] as const) {
    expect(verdict({ policy: 'independent', path: 'preemption-timer', loop })).toBe('catches-up');
    expect(verdict({ policy: 'gate', path: 'preemption-timer', loop })).toBe('clamps');
  }
});

test('each kernel on a host without one: nothing to catch up, nothing to clamp', () => {
  for (const policy of ['independent', 'catch-up', 'clamp'] as const) {
    expect(verdict({ policy, path: 'hrtimer' })).toBe('keeps-running');
  }
});

test("a timer that does not run in userspace (the thread's wants_to_run idea) shows as a clamp on any host", () => {
  expect(verdict({ policy: 'gate', path: 'hrtimer' })).toBe('clamps');
});

test('missed ticks delivered one after the other are caught up, whatever drives the timer', () => {
  expect(verdict({ policy: 'reinject', path: 'hrtimer', stopNs: 50_000_000 })).toBe('catches-up');
});

test("the reporter's trace: 10 s at 209715 ns, 4768 ticks a second before, 51543 advances in the second after", () => {
  const periodNs = 209_715;
  const spec = { path: 'preemption-timer', periodNs, stopNs: 10_000_000_000, ticks: 4768 } as const;
  const buggy = synthetic({ ...spec, policy: 'catch-up', lateness: () => 3_000 });
  expect(judge(buggy, intel).verdict).toBe('catches-up');
  // Counted over the calendar second of the resume, so over what was left of it: one HV expiry, one advance on
  // falling back to software, 51,541 in the hrtimer, of which 47,684 for the missed periods; where in its period the
  // stop began and ended is not published, hence the few more or less.
  const leftNs = (51_541 - 47_684) * periodNs;
  const second: GuestStop = {
    ...buggy,
    deliveriesNs: [...buggy.deliveriesNs.filter((time) => time < 0), leftNs],
  };
  const { callbacks } = predict(second, 'catch-up', 'preemption-timer', TSC_KHZ);
  expect(Math.abs(callbacks - 51_541)).toBeLessThanOrEqual(3);

  const fixed = synthetic({ ...spec, policy: 'clamp', lateness: () => 3_000 });
  expect(judge(fixed, intel).verdict).toBe('clamps');
  expect(predict(second, 'clamp', 'preemption-timer', TSC_KHZ).callbacks).toBe(0);
});

test('without a path the old grid proves nothing: keeping on and catching up look the same from the guest', () => {
  const stop = { ...synthetic({ policy: 'catch-up', path: 'preemption-timer' }), counts: [] };
  const { verdict, explanation } = judge(stop, { preemptionTimer: null, source: 'not known' });
  expect(verdict).toBe('inconclusive');
  expect(explanation).toContain('which timer drives the guest is not known');
});

test('on a host with the preemption timer, a guest that had lost it proves nothing about it', () => {
  expect(verdict({ policy: 'catch-up', path: 'hrtimer' }, intel)).toBe('inconclusive');
});

test('too short a stop, too few interrupts, too much noise, and a fourth grid are inconclusive, each with its reason', () => {
  const good: Synthetic = { policy: 'clamp', path: 'preemption-timer' };
  const why = (stop: GuestStop) => {
    const { verdict, explanation } = judge(stop, intel);
    expect(verdict).toBe('inconclusive');
    return explanation;
  };
  expect(why(synthetic({ ...good, stopNs: 500_000 }))).toContain('too short');
  expect(why(synthetic({ ...good, ticks: 10 }))).toContain('only 10 interrupts before the stop');
  expect(why(synthetic({ ...good, lateness: (i) => (i * 370_000) % 990_000 }))).toContain('varies too much');
  const moved = synthetic(good);
  const shifted = moved.deliveriesNs.map((time) => (time < 0 ? time : time + 250_000));
  expect(why({ ...moved, deliveriesNs: shifted })).toContain('neither the old grid nor one from the resume');
});

test('the verdict does not depend on the period, the resume, the guest, or lateness up to a tenth of the period', () => {
  const outcomes = [
    ['catch-up', 'preemption-timer', 'catches-up'],
    ['clamp', 'preemption-timer', 'clamps'],
    ['catch-up', 'hrtimer', 'keeps-running'],
    ['clamp', 'hrtimer', 'keeps-running'],
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...outcomes),
      fc.integer({ min: 50_000, max: 20_000_000 }),
      fc.integer({ min: 3, max: 2_000 }),
      fc.double({ min: 0.25, max: 0.75, noNaN: true }),
      fc.constantFrom('halt', 'spin'),
      fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 10, maxLength: 60 }),
      ([policy, path, expected], periodNs, missed, resumeAt, loop, shares) => {
        const lateness = (i: number) => Math.round(periodNs * (shares[i % shares.length] ?? 0));
        const stopNs = missed * periodNs;
        expect(verdict({ policy, path, periodNs, stopNs, resumeAt, loop, lateness })).toBe(expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('several stops agree, or say so', () => {
  const of = (verdict: Conclusion['verdict']): Conclusion => ({ verdict, explanation: `because ${verdict}` });
  expect(combine([of('inconclusive'), of('clamps'), of('clamps')])).toEqual(of('clamps'));
  expect(combine([of('inconclusive')])).toEqual(of('inconclusive'));
  expect(combine([of('clamps'), of('catches-up')])).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('the stops disagree (clamps, catches-up)'),
  });
  expect(combine([]).verdict).toBe('inconclusive');
});

const of = (verdict: Conclusion['verdict']): Conclusion => ({ verdict, explanation: `${verdict}.` });

test('stops, forced delays and trace together: the fix is known from whichever shows it', () => {
  const stops = of('keeps-running');
  expect(together(stops, of('clamps'), null)).toEqual({
    verdict: 'clamps',
    explanation: 'clamps. The stop: keeps-running.',
  });
  // No forced delay tells, the trace does.
  expect(together(stops, of('inconclusive'), of('clamps')).verdict).toBe('clamps');
  expect(together(stops, null, of('catches-up')).verdict).toBe('catches-up');
  expect(together(of('inconclusive'), of('catches-up'), null).verdict).toBe('catches-up');
  expect(together(of('clamps'), of('clamps'), of('clamps'))).toEqual({
    verdict: 'clamps',
    explanation: 'clamps. clamps. clamps.',
  });
  for (const nothing of [null, of('inconclusive')]) expect(together(stops, nothing, nothing)).toEqual(stops);
  expect([of('clamps'), of('catches-up'), stops, of('inconclusive')].map(fixOf)).toEqual([
    'clamps',
    'catches-up',
    'untested',
    'untested',
  ]);
});

test('where they differ nothing is claimed, and each is named with what it says', () => {
  const differing = (...all: Parameters<typeof together>) => {
    const { verdict, explanation } = together(...all);
    expect(verdict).toBe('inconclusive');
    return explanation;
  };
  expect(differing(of('clamps'), of('catches-up'), null)).toBe(
    'Nothing can be said: the stops say that it clamps, the forced delays say that it catches up.',
  );
  expect(differing(of('keeps-running'), of('clamps'), of('catches-up'))).toBe(
    "Nothing can be said: the forced delays say that it clamps, the kernel's trace says that it catches up.",
  );
});

test('the trace tells where one policy of the kernel explains every expiry and the other does not', () => {
  const traced = (clamp: number, catchUp: number, late = 1) =>
    concludeTrace({
      ...untraced(''),
      expiries: 10,
      late,
      agree: { clamp, 'catch-up': catchUp },
    });
  expect(traced(10, 9)).toEqual({
    verdict: 'clamps',
    explanation:
      "The kernel's trace: of 10 expiries 1 came a period late or more, and every next one was exactly where the fix puts it.",
  });
  expect(traced(9, 10)).toEqual({
    verdict: 'catches-up',
    explanation:
      "The kernel's trace: of 10 expiries 1 came a period late or more, and every next one was exactly one period on.",
  });
  expect(traced(10, 10, 0).explanation).toContain('came late enough to tell');
  expect(traced(9, 9).explanation).toContain('neither kernel explains');
});

test('what is said of every outcome of one stop, whole', () => {
  const finding: StopFinding = {
    stopNs: 1e9,
    missedTicks: 1000,
    lostTicks: 999,
    interruptsFirstPeriod: 1,
    firstInterruptNs: 2.5e6,
    resumePhaseNs: 400_000,
    phaseShiftNs: 0,
    phaseShiftErrorNs: 100,
    grid: 'old',
    unclear: null,
  };
  const said = (
    change: Partial<StopFinding>,
    path: Parameters<typeof conclude>[1] = 'preemption-timer',
    preemptionTimer: boolean | null = true,
  ) => {
    const { verdict, explanation } = conclude({ ...finding, ...change }, path, preemptionTimer, 1e6);
    return `${verdict}: ${explanation}`;
  };
  const seen =
    'In 1.00 s outside the guest 1,000 ticks passed; 1 interrupt came in the first period after the resume and 999 ticks were lost';
  expect(said({ phaseShiftNs: 400_000.4, grid: 'new' })).toBe(
    `clamps: ${seen}; from then on they come every period from the resume (phase 400 us later): the overdue expiration was set to "now", as the fixed kernel does.`,
  );
  expect(said({})).toBe(
    `catches-up: ${seen}; the rest are on the old grid (phase 0 ns), though the preemption timer stood still: the kernel ran through every missed period to get there, with interrupts off (CVE-2025-71104): a burst of about 1,002 callbacks, 2.50 ms long, 2.50 us each.`,
  );
  // One shorter than a period is not most of what came before the first interrupt.
  expect(said({ firstInterruptNs: 999_999 })).toMatch(/\(CVE-2025-71104\)\.$/);
  expect(said({ firstInterruptNs: 1e6 })).toContain(
    ': a burst of about 1,001 callbacks, 1.00 ms long, 999 ns each.',
  );
  expect(said({}, 'hrtimer', false)).toBe(
    `keeps-running: ${seen}; the rest are on the old grid (phase 0 ns): the software timer kept running in userspace, so there was no backlog and nothing to clamp.`,
  );
  expect(said({}, 'hrtimer', null)).toMatch(/^keeps-running: /);
  expect(said({ interruptsFirstPeriod: 2 }, 'hrtimer', null)).toContain(
    '; 2 interrupts came in the first period',
  );
  expect(said({}, 'hrtimer', true)).toMatch(
    /^inconclusive: .*the preemption timer is on, but this guest ran on the software timer, to which a kernel that catches up falls back after a delay of one period, and one that posts timer interrupts always/,
  );
  expect(said({}, 'unknown', true)).toMatch(
    /^inconclusive: .*the interrupts are on the old grid, and which timer drives the guest is not known/,
  );
  expect(said({ grid: 'other', phaseShiftNs: 123_456 })).toMatch(
    /^inconclusive: .*the interrupts after the resume moved by 123 us, to neither the old grid nor one from the resume/,
  );
  expect(said({ unclear: 'it rained' })).toMatch(/^inconclusive: .*it rained/);
  expect(said({ missedTicks: 0 })).toMatch(
    /^inconclusive: .*the stop was too short for the timer to miss anything/,
  );
  expect(said({ interruptsFirstPeriod: 900 })).toBe(
    `catches-up: ${seen.replace('1 interrupt', '900 interrupts')}: missed ticks are delivered one after the other, a storm.`,
  );
});

test("what the kernel's trace proves: the one policy that explains every expiry", () => {
  const of = (expiries: number, late: number, clamp: number, catchUp: number) => {
    const agree = { clamp, 'catch-up': catchUp };
    return concludeTrace({ expiries, late, agree });
  };
  const seen =
    "The kernel's trace: of 1,000 expiries 7 came a period late or more, and every next one was exactly";
  expect(of(1000, 7, 1000, 993)).toEqual({
    verdict: 'clamps',
    explanation: `${seen} where the fix puts it.`,
  });
  expect(of(1000, 7, 993, 1000)).toEqual({ verdict: 'catches-up', explanation: `${seen} one period on.` });
  expect(of(1000, 0, 1000, 1000)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining("no expiry in the kernel's trace came late enough to tell"),
  });
  expect(of(1000, 7, 999, 998)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining("the kernel's trace has expiries that neither kernel explains"),
  });
});
