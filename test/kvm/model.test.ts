import { expect, test } from 'vitest';
import { agreementOf, cannotBeTold, predict } from '../../src/kvm/model.ts';
import type { PolicyName } from '../../src/lapic/policies.ts';
import { recordedStop, synthetic, TSC_KHZ } from './guest-stops.ts';

const KVM: readonly PolicyName[] = ['independent', 'catch-up', 'clamp'];

test('the model predicts a real guest interrupt by interrupt, under every policy of KVM', () => {
  const stop = recordedStop('halt-pause');
  for (const policy of KVM) {
    const agreement = agreementOf(stop, predict(stop, policy, 'hrtimer', TSC_KHZ).deliveriesNs);
    expect(agreement).toMatchObject({ agrees: true, extra: 0 });
    expect(agreement.matched).toBe(agreement.predicted);
  }
});

test.each(['spin-pause', 'halt-sigstop', 'spin-sigstop'])(
  '%s: recorded on a busy host, and predicted',
  (name) => {
    const stop = recordedStop(name);
    for (const policy of KVM) {
      const found = predict(stop, policy, 'hrtimer', TSC_KHZ);
      expect(agreementOf(stop, found.deliveriesNs).agrees).toBe(true);
      expect(found.lockup).toBe(false);
    }
  },
);

test.each(['freeze', 'gate', 'reinject'] as const)('a real guest does not follow %s', (policy) => {
  const stop = recordedStop('halt-pause');
  expect(agreementOf(stop, predict(stop, policy, 'hrtimer', TSC_KHZ).deliveriesNs).agrees).toBe(false);
});

test.each(['halt-save-restore', 'spin-save-restore'])(
  '%s: the count goes on from where it was saved',
  (name) => {
    const stop = recordedStop(name);
    const { deliveriesNs } = predict(stop, 'clamp', 'hrtimer', TSC_KHZ);
    expect(agreementOf(stop, deliveriesNs).agrees).toBe(true);
    const due = (stop.restoredNs?.[1] ?? 0) + (stop.saved?.remainingNs ?? 0);
    expect(Math.abs((deliveriesNs[0] ?? 0) - due)).toBeLessThan(100_000);
  },
);

test('an exit of the guest takes 2 us: two of them pass before the first interrupt of an overdue timer', () => {
  const stop = synthetic({ policy: 'clamp', path: 'preemption-timer', lateness: () => 0 });
  const { deliveriesNs } = predict(stop, 'clamp', 'preemption-timer', TSC_KHZ);
  expect(deliveriesNs.slice(0, 3)).toEqual([4_000, 1_002_000, 2_002_000]);
});

test('a prediction is used once, a late interrupt matches the tick before it, and none is made up', () => {
  const stop = synthetic({ policy: 'clamp', path: 'hrtimer', ticks: 30, lateness: () => 10_000 });
  const came = {
    ...stop,
    deliveriesNs: [...stop.deliveriesNs.filter((time) => time < 0), 1e6, 1.05e6, 3e6],
  };
  expect(agreementOf(came, [0.99e6, 1.99e6, 2.99e6])).toMatchObject({ predicted: 3, matched: 2, extra: 1 });
  expect(agreementOf(came, [])).toMatchObject({
    predicted: 0,
    matched: 0,
    extra: 3,
    meanLatenessNs: null,
    agrees: false,
  });
});

test('predictions of one grid to a fifth of a period, and as many interrupts but for one, cannot be told apart', () => {
  const prediction = (...deliveriesNs: number[]) =>
    ({ policy: 'clamp', deliveriesNs, callbacks: 0, vmExits: 0, lockup: false }) as const;
  const told = (a: number[], b: number[]) => !cannotBeTold(prediction(...a), prediction(...b), 1_000_000);
  expect(told([1e6, 2e6], [1e6, 2.2e6])).toBe(false);
  expect(told([1e6, 2e6], [1e6, 2.2e6 + 1])).toBe(true);
  expect(told([1e6, 2.7e6], [1e6, 3e6])).toBe(true);
  expect(told([1e6, 2e6, 3e6], [1e6, 2e6])).toBe(false);
  expect(told([1e6, 2e6, 3e6], [1e6])).toBe(true);
  expect(told([1e6], [1e6, 2e6, 3e6])).toBe(true);
  expect(told([], [])).toBe(false);
  expect([told([0.5e6], []), told([], [0.5e6])]).toEqual([true, true]);
});
