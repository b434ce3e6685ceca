import { expect, test } from 'vitest';
import { aroundStop, type StopSetup } from '../../src/lapic/around-stop.ts';
import { policyNames } from '../../src/lapic/policies.ts';

const scene: StopSetup = {
  periodNs: 1_000_000,
  stopNs: 3_000_000_000,
  callbackNs: 79,
  exitNs: 2_000,
  handlingNs: 10_000,
  delivery: 'coalesced',
  hvTimer: true,
  periodsBefore: 3,
  periodsAfter: 8,
};
const PHASE = 600_000;
const after = (times: readonly number[]) => times.filter((ns) => ns >= 0);

test.each(policyNames)('%s: three ticks before the stop, none during it', (policy) => {
  const { interruptsNs } = aroundStop(scene, policy);
  expect(interruptsNs.filter((ns) => ns < -scene.stopNs)).toHaveLength(3);
  expect(interruptsNs.filter((ns) => ns >= -scene.stopNs && ns < 0)).toEqual([]);
});

test('catch-up runs a callback for each missed period, gives the guest one interrupt, and keeps its grid', () => {
  const { callbacks, caughtUpNs, interruptsNs, phaseShiftNs } = aroundStop(scene, 'catch-up');
  expect(Math.abs(callbacks - 3_000)).toBeLessThanOrEqual(3);
  expect(caughtUpNs).toBeGreaterThanOrEqual(callbacks * 79);
  expect(after(interruptsNs).filter((ns) => ns < (caughtUpNs ?? 0))).toHaveLength(0);
  expect(phaseShiftNs).toBe(0);
});

test('clamp recovers in two expirations and goes on from the resume', () => {
  const { callbacks, vmExits, phaseShiftNs, interruptsNs } = aroundStop(scene, 'clamp');
  expect({ callbacks, vmExits }).toEqual({ callbacks: 0, vmExits: 2 });
  // The two exits themselves take 4 us.
  expect(Math.abs(phaseShiftNs - PHASE)).toBeLessThanOrEqual(4_000);
  expect(after(interruptsNs).length).toBeGreaterThanOrEqual(8);
});

test('clamp, to the nanosecond', () => {
  const ticks = Array.from({ length: 9 }, (_, i) => i * 1_000_000);
  expect(aroundStop({ ...scene, periodsAfter: 9 }, 'clamp')).toMatchObject({
    policy: 'clamp',
    // Left 0.6 of a period after the third tick; an exit lasts 2 us.
    interruptsNs: [
      -3_002_598_000,
      -3_001_598_000,
      -3_000_598_000,
      4_000,
      ...ticks.slice(1).map((ns) => ns + 2_000),
    ],
    caughtUpNs: 4_000,
    callbacks: 0,
    vmExits: 2,
    phaseShiftNs: 600_000,
  });
});

test('a callback as long as a period never catches up', () => {
  const never = { ...scene, callbackNs: scene.periodNs, stopNs: 100 * scene.periodNs };
  expect(aroundStop(never, 'catch-up').caughtUpNs).toBeNull();
  expect(aroundStop({ ...never, callbackNs: scene.periodNs / 100 }, 'catch-up').caughtUpNs).not.toBeNull();
});

test('skip and freeze stay on the old grid', () => {
  expect(aroundStop(scene, 'skip').phaseShiftNs).toBe(0);
  expect(aroundStop(scene, 'freeze').phaseShiftNs).toBe(0);
});

test('reinject delivers every missed tick, one for each acknowledge', () => {
  const { interruptsNs, caughtUpNs } = aroundStop(scene, 'reinject');
  const owed = after(interruptsNs).filter((ns) => ns <= (caughtUpNs ?? 0));
  expect(Math.abs(owed.length - 3_030)).toBeLessThanOrEqual(5);
});

test('posted, a catch-up is a storm as dense as the guest can take', () => {
  const { interruptsNs, caughtUpNs } = aroundStop(
    { ...scene, delivery: 'posted', hvTimer: false },
    'catch-up',
  );
  const storm = after(interruptsNs).filter((ns) => ns < (caughtUpNs ?? 0));
  expect(storm.length).toBeGreaterThan(20);
  storm.slice(1).forEach((ns, i) => {
    expect(ns - (storm[i] ?? 0)).toBeGreaterThanOrEqual(scene.handlingNs);
  });
});

test('without the preemption timer the stop leaves no lag under any policy of KVM', () => {
  for (const policy of ['independent', 'catch-up', 'clamp'] as const) {
    const { caughtUpNs, phaseShiftNs } = aroundStop({ ...scene, hvTimer: false }, policy);
    expect({ caughtUpNs, phaseShiftNs }).toEqual({ caughtUpNs: 0, phaseShiftNs: 0 });
  }
});
