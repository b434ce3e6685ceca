import { describe, expect, test } from 'vitest';
import { programPeriodic } from '../../src/lapic/lapic-timer.ts';
import { leaveGuest, runVcpu, stayInUserspace } from '../../src/lapic/vcpu.ts';
import { now, periodicVcpu, SECOND, type Setup, START, stopFor } from './virtual-vcpu.ts';

/** The reporter's case: 10 s at 209715 ns, left in the middle of a period. */
const PERIOD = 209_715n;
const STOP = 10n * SECOND;
const MISSED = Number(STOP / PERIOD);

const leftInMidPeriod = (policy: Parameters<typeof periodicVcpu>[0], setup: Setup = {}) => {
  const vcpu = periodicVcpu(policy, { period: PERIOD, ...setup });
  runVcpu(vcpu, START + 100n * PERIOD + PERIOD / 2n);
  expect(vcpu.timer.hvTimerInUse).toBe(true);
  return vcpu;
};

describe('catch-up', () => {
  test('makes up every missed period, one at a time: HV expiry, fall-back, then the hrtimer', () => {
    const vcpu = leftInMidPeriod('catch-up', { callbackNs: 1n, exitNs: 1n });
    const resume = stopFor(vcpu, STOP);
    expect(MISSED).toBe(47_683);
    expect(Math.abs(resume.advances - 47_684)).toBeLessThanOrEqual(3);
    expect(resume.exits).toBe(1);
    expect(resume.callbacks).toBe(resume.advances - 2);
    expect(resume.interrupts).toBe(1);
  });

  test('stays on the software timer, and the traced second shows the published 51,543', () => {
    const vcpu = leftInMidPeriod('catch-up');
    const { resumedAt, advances, callbacks } = stopFor(vcpu, STOP);
    // The trace counts one second of wall-clock time; 51,543 advances put the resume 809.2 to 809.4 ms before its end.
    runVcpu(vcpu, resumedAt + 809_300_000n);
    const later = vcpu.callbacks - callbacks;
    expect(advances + later).toBe(51_543);
    expect(callbacks + later).toBe(51_541);
    expect(vcpu.timer.hvTimerInUse).toBe(false);
  });

  test('keeps the phase', () => {
    const vcpu = leftInMidPeriod('catch-up');
    stopFor(vcpu, STOP);
    expect((vcpu.timer.targetExpiration - START) % PERIOD).toBe(0n);
  });

  test('one nanosecond of lag is enough to lose the HV timer', () => {
    const vcpu = periodicVcpu('catch-up', { exitNs: 0n, period: PERIOD });
    runVcpu(vcpu, START + PERIOD / 2n);
    stopFor(vcpu, PERIOD / 2n + PERIOD + 2n);
    expect(vcpu.timer.hvTimerInUse).toBe(false);
  });

  test('a guest left in a halt bursts in the halt that its return begins with, and is back on the HV timer', () => {
    const vcpu = periodicVcpu('catch-up', { period: PERIOD, options: { idle: true } });
    runVcpu(vcpu, START + 100n * PERIOD + PERIOD / 2n);
    expect(vcpu.halted).toBe(true);
    const resume = stopFor(vcpu, STOP);
    expect(resume).toMatchObject({ exits: 0, interrupts: 1 });
    expect(resume.callbacks).toBe(resume.advances - 1);
    expect(resume.callbacks).toBeGreaterThanOrEqual(MISSED);
    runVcpu(vcpu, now(vcpu) + 10n * PERIOD);
    expect(vcpu).toMatchObject({ halted: true, timer: { hvTimerBeforeBlock: true } });
  });

  test('a halt does not bring the HV timer back to a guest that lost it while it ran', () => {
    const vcpu = periodicVcpu('catch-up', {
      ...{ period: PERIOD, options: { idle: true, handlingNs: PERIOD / 2n } },
    });
    runVcpu(vcpu, START + 100n * PERIOD + PERIOD / 4n);
    expect(vcpu.halted).toBe(false);
    expect(stopFor(vcpu, STOP)).toMatchObject({ exits: 1, interrupts: 1 });
    const halted = START + (BigInt(MISSED) + 300n) * PERIOD + (3n * PERIOD) / 4n;
    runVcpu(vcpu, halted);
    expect(vcpu).toMatchObject({ halted: true, timer: { hvTimerBeforeBlock: false } });
    runVcpu(vcpu, halted + PERIOD / 2n);
    expect(vcpu).toMatchObject({ halted: false, timer: { hvTimerInUse: false } });
  });
});

describe('clamp', () => {
  test('has two expirations at the resume, one interrupt, and stays on the HV timer', () => {
    const vcpu = leftInMidPeriod('clamp');
    const resume = stopFor(vcpu, STOP);
    expect(resume).toMatchObject({
      outcome: 'caught-up',
      advances: 2,
      expirations: 2,
      callbacks: 0,
      exits: 2,
      interrupts: 1,
    });
    expect(vcpu.timer.hvTimerInUse).toBe(true);
  });

  test('then ticks every period from the resume, with the lost ticks lost', () => {
    const vcpu = leftInMidPeriod('clamp', { exitNs: 0n });
    const { resumedAt, interrupts } = stopFor(vcpu, STOP);
    const before = vcpu.timer.interrupts;
    runVcpu(vcpu, resumedAt + 1_000n * PERIOD + 1n);
    expect(vcpu.timer.interrupts - before).toBe(1_000);
    expect(interrupts).toBe(1);
    expect((vcpu.timer.targetExpiration - resumedAt) % PERIOD).toBe(0n);
    expect(vcpu.timer.hvTimerInUse).toBe(true);
  });
});

test.each([
  ['independent', { advances: MISSED + 1, callbacks: 0, exits: MISSED + 1, interrupts: 1 }, 'hv'],
  ['catch-up', { advances: MISSED + 1, callbacks: MISSED - 1, exits: 1, interrupts: 1 }, 'sw'],
  ['clamp', { advances: 2, callbacks: 0, exits: 2, interrupts: 1 }, 'hv'],
  ['skip', { advances: 1, callbacks: 0, exits: 1, interrupts: 1 }, 'hv'],
  ['delay', { advances: 1, callbacks: 0, exits: 1, interrupts: 1 }, 'hv'],
  ['freeze', { advances: 0, callbacks: 0, exits: 0, interrupts: 0 }, 'hv'],
  ['reinject', { advances: 1, callbacks: 0, exits: 1, interrupts: MISSED }, 'hv'],
  ['gate', { advances: 2, callbacks: 0, exits: 2, interrupts: 1 }, 'hv'],
] as const)('after 10 s, %s: %o, then on %s', (policy, expected, backend) => {
  const vcpu = leftInMidPeriod(policy, { callbackNs: 1n, exitNs: 1n });
  expect(stopFor(vcpu, STOP)).toMatchObject({ outcome: 'caught-up', ...expected });
  expect(vcpu.timer.hvTimerInUse ? 'hv' : 'sw').toBe(backend);
});

test.each([
  ['skip', 0n],
  ['reinject', 0n],
  ['independent', 0n],
  // Left half a period into one, with 10 s = 47,683.76 periods: the grid moves to the resume.
  ['clamp', (PERIOD / 2n + STOP) % PERIOD],
  ['gate', (PERIOD / 2n + STOP) % PERIOD],
  ['delay', (PERIOD / 2n + STOP) % PERIOD],
  // The timer stood still for the whole stop.
  ['freeze', STOP % PERIOD],
] as const)('%s shifts the phase by %i ns', (policy, shift) => {
  const vcpu = leftInMidPeriod(policy, { exitNs: 0n });
  stopFor(vcpu, STOP);
  expect((vcpu.timer.targetExpiration - START) % PERIOD).toBe(shift);
});

test('freeze loses no tick of its own time, on either backend', () => {
  for (const hvTimer of [true, false]) {
    const vcpu = periodicVcpu('freeze', { period: PERIOD, exitNs: 0n, callbackNs: 0n, config: { hvTimer } });
    runVcpu(vcpu, START + 10n * PERIOD + PERIOD / 2n);
    const { resumedAt, interrupts } = stopFor(vcpu, STOP);
    expect(interrupts).toBe(0);
    runVcpu(vcpu, resumedAt + 10n * PERIOD);
    expect(vcpu.timer.interrupts).toBe(20);
  }
});

describe('an hrtimer in use when the vCPU leaves', () => {
  const software = (policy: 'catch-up' | 'clamp' | 'gate') => {
    const vcpu = periodicVcpu(policy, { period: PERIOD, config: { hvTimer: false } });
    runVcpu(vcpu, START + 10n * PERIOD + PERIOD / 2n);
    return vcpu;
  };

  test('keeps running in userspace, so that no lag builds up', () => {
    const vcpu = software('catch-up');
    const { advances, interrupts } = stopFor(vcpu, STOP);
    expect(vcpu.callbacks).toBeGreaterThan(MISSED);
    expect({ advances, interrupts }).toEqual({ advances: 0, interrupts: 1 });
  });

  test('fires once in userspace under gate, and goes on as clamp', () => {
    const vcpu = software('gate');
    const before = vcpu.callbacks;
    const { resumedAt, advances, expirations, interrupts } = stopFor(vcpu, STOP);
    expect(vcpu.callbacks - before).toBe(2);
    // One on the way in, to now; that one expires at once.
    expect({ advances, expirations, interrupts }).toEqual({ advances: 2, expirations: 1, interrupts: 1 });
    expect(vcpu.timer.targetExpiration).toBe(resumedAt + PERIOD);
  });
});

test('reinject gives the guest every tick that the stop cost it', () => {
  const vcpu = leftInMidPeriod('reinject', { options: { handlingNs: 5_000n } });
  const { resumedAt } = stopFor(vcpu, STOP);
  runVcpu(vcpu, resumedAt + STOP);
  const elapsed = now(vcpu) - START;
  expect(vcpu.timer.interrupts).toBe(Number(elapsed / PERIOD));
  expect(vcpu.timer.owed).toBe(0n);
});

test('what reinject owes is forgotten when the guest reprograms its timer', () => {
  const vcpu = leftInMidPeriod('reinject', { options: { handlingNs: PERIOD / 2n } });
  leaveGuest(vcpu);
  stayInUserspace(vcpu, now(vcpu) + STOP);
  runVcpu(vcpu, now(vcpu) + 10n * PERIOD);
  expect(vcpu.timer.owed).toBeGreaterThan(40_000n);
  programPeriodic(vcpu.timer, 2n * PERIOD);
  expect(vcpu.timer).toMatchObject({ owed: 0n, pending: 0 });
});

test('a halted vCPU that leaves takes the HV timer with it, lags as a busy one does, and makes it up on the hrtimer', () => {
  const vcpu = periodicVcpu('clamp', { period: PERIOD, options: { idle: true } });
  runVcpu(vcpu, START + 10n * PERIOD + PERIOD / 2n);
  expect(vcpu.timer.hvTimerInUse).toBe(false);
  expect(stopFor(vcpu, STOP)).toMatchObject({ expirations: 2, exits: 0, callbacks: 1 });
});
