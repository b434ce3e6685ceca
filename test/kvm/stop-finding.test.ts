import { expect, test } from 'vitest';
import { findingOf } from '../../src/kvm/stop-finding.ts';
import { recordedTrace, synthetic } from './traces.ts';

test.each(['halt-pause', 'halt-sigstop', 'spin-sigstop'])(
  '%s: all missed ticks but the coalesced one are lost',
  (name) => {
    const { missedTicks, lostTicks, stopNs } = findingOf(recordedTrace(name));
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
  expect(clamped.grid).toBe('resume');
  expect(Math.abs((clamped.phaseShiftNs ?? 0) - 400_000)).toBeLessThan(10_000);
  expect(clamped.resumePhaseNs).toBeCloseTo(400_000);
  expect(clamped.missedTicks).toBe(1000);
});

test('a timer that caught up has no phase shift', () => {
  const caughtUp = findingOf(synthetic({ policy: 'catch-up', path: 'preemption-timer' }));
  expect(caughtUp.grid).toBe('old');
  expect(Math.abs(caughtUp.phaseShiftNs ?? 1e9)).toBeLessThan(5_000);
});

test('a trace without interrupts after the resume is unclear, not a crash', () => {
  const trace = synthetic({ policy: 'clamp', path: 'hrtimer' });
  const silent = findingOf({ ...trace, deliveriesNs: trace.deliveriesNs.filter((time) => time < 0) });
  expect(silent).toMatchObject({
    grid: 'unclear',
    firstInterruptNs: null,
    interruptsFirstPeriod: 0,
    phaseShiftNs: null,
  });
});
