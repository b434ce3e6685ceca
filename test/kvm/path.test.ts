import { expect, test } from 'vitest';
import { pathOf } from '../../src/kvm/path.ts';
import { recordedTrace, synthetic } from './traces.ts';

const unknownHost = { preemptionTimer: null, source: 'neither kvm_intel nor kvm_amd is loaded' };

test('a count that goes on while the guest is stopped is the software timer', () => {
  for (const name of ['halt-pause', 'spin-pause']) {
    const { path, reason } = pathOf(recordedTrace(name), unknownHost);
    expect(path).toBe('hrtimer');
    // A reading is 0 while the host's timer interrupt is on its way.
    expect(reason).toMatch(/^TMCCT went on counting while the guest was stopped \([23] of 3 readings\)/);
    expect(reason).toContain('neither kvm_intel nor kvm_amd');
  }
});

test('a count that stays at 0 is the preemption timer, overdue', () => {
  const { path, reason } = pathOf(synthetic({ policy: 'clamp', path: 'preemption-timer' }), unknownHost);
  expect(path).toBe('preemption-timer');
  expect(reason).toContain('stayed at 0');
});

test('how the guest behaved beats how the host is set up', () => {
  expect(pathOf(recordedTrace('halt-pause'), { preemptionTimer: true, source: 'on' }).path).toBe('hrtimer');
});

test('where the count could not be watched, the set-up decides, or nothing does', () => {
  const trace = recordedTrace('halt-sigstop');
  expect(pathOf(trace, { preemptionTimer: true, source: 'on' })).toEqual({
    path: 'preemption-timer',
    reason: 'on',
  });
  expect(pathOf(trace, { preemptionTimer: false, source: 'AMD' })).toEqual({
    path: 'hrtimer',
    reason: 'AMD',
  });
  expect(pathOf(trace, unknownHost).path).toBe('unknown');
});

test('readings within the first periods of the stop prove nothing: nothing is overdue yet', () => {
  const trace = synthetic({ policy: 'clamp', path: 'preemption-timer' });
  const early = [1, 2].map((i) => ({
    atNs: trace.leftNs + i * 100_000,
    uncertaintyNs: 1,
    remainingNs: 500_000,
  }));
  expect(pathOf({ ...trace, counts: early }, unknownHost).path).toBe('unknown');
});
