import { describe, expect, test } from 'vitest';
import { type Control, quietControl } from '../../src/clock/control.ts';
import { guestOf, ktimeNow, pauseMachine } from '../../src/kvm/guest.ts';
import type { NativeGuest } from '../../src/native.ts';

const PERIOD = 1_000_000;
type Row = readonly [kind: bigint, ktime: bigint];

/** A guest whose machine has one of these lists of rows each time that it is asked. */
function guestWith(
  reports: readonly (readonly Row[])[],
  more: Partial<NativeGuest> = {},
  control = quietControl,
) {
  const calls: string[] = [];
  const left = [...reports];
  const machine = {
    resume: () => calls.push('resume'),
    pause: () => {
      calls.push('pause');
      return true;
    },
    death: () => null,
    dropped: () => 0,
    drain: (rows: BigInt64Array) => {
      const report = left.shift() ?? [];
      report.forEach(([kind, ktime], i) => {
        rows.set([kind, ktime, 0n, 0n], i * 4);
      });
      return report.length;
    },
    ...more,
  } as unknown as NativeGuest;
  return { guest: guestOf(machine, PERIOD, control), calls, left };
}

const DELIVERY = 0n;
const [ENTERED, SETTING, SET] = [1n, 4n, 5n];

test('runs until it has reported as many interrupts more, and takes in no more than it must', () => {
  const { guest, calls, left } = guestWith([
    [
      [SETTING, 10n],
      [SET, 20n],
      [DELIVERY, 30n],
    ],
    [],
    [[DELIVERY, 40n]],
    [[DELIVERY, 50n]],
  ]);
  expect(guest.started()).toEqual([0n, 0n]);
  expect(guest.runFor(2)).toBe(true);
  expect(calls).toEqual(['resume']);
  expect(guest.recording.deliveries.map(({ ktime }) => ktime)).toEqual([30n, 40n]);
  expect(guest.started()).toEqual([10n, 20n]);
  expect(left).toHaveLength(1);
  expect(guest.runFor(1)).toBe(true);
  expect(guest.recording.deliveries).toHaveLength(3);
});

test('paused, it takes in what was reported since', () => {
  const { guest, calls } = guestWith([[[DELIVERY, 30n]]]);
  guest.pause();
  expect(calls).toEqual(['pause']);
  expect(guest.recording.deliveries).toHaveLength(1);
});

test('how long the vCPU took to enter the guest; nothing before it has run', () => {
  let resumed = 0n;
  const { guest } = guestWith([], {
    resume: () => {
      resumed = ktimeNow();
    },
    drain: (rows) => {
      rows.set([ENTERED, resumed + 1_000_000n, 0n, 0n, DELIVERY, resumed + 1_000_001n, 0n, 0n]);
      return 2;
    },
  });
  expect(guest.resumeLatencyNs()).toBe(0n);
  const before = ktimeNow();
  guest.runFor(1);
  expect(guest.resumeLatencyNs()).toBeGreaterThanOrEqual(1_000_000n);
  expect(guest.resumeLatencyNs()).toBeLessThanOrEqual(1_000_000n + resumed - before);
});

describe('a run that comes to nothing', () => {
  test('the guest died', () => {
    const { guest } = guestWith([], { death: () => ({ errno: 0, exitReason: 8, detail: 1 }) });
    expect(() => guest.runFor(1)).toThrow('KVM ended the guest: it shut down (triple fault)');
  });

  test('it has died, but reported enough', () => {
    const { guest } = guestWith([[[DELIVERY, 30n]]], {
      death: () => ({ errno: 0, exitReason: 8, detail: 1 }),
    });
    expect(guest.runFor(1)).toBe(true);
  });

  test('a tenth of the interrupts and a second more: too slow', () => {
    const { guest } = guestWith([[[DELIVERY, 1n]], [[DELIVERY, 2n]]]);
    guest.runFor(1);
    const begun = ktimeNow();
    expect(() => guest.runFor(5)).toThrow(
      /^The guest took 1 of 5 timer interrupts in [1-9]\.\d s: too slow to measure\.$/,
    );
    expect(Number(ktimeNow() - begun)).toBeGreaterThanOrEqual(1e9 + 10 * 5 * PERIOD);
  });

  test('it was cancelled', () => {
    let looks = 0;
    const control: Control = { progress: () => {}, cancelled: () => ++looks > 2 };
    const { guest } = guestWith([], {}, control);
    expect(guest.runFor(1)).toBe(false);
    expect(guest.cancelled()).toBe(true);
    expect(looks).toBe(4);
  });
});

test('a vCPU that KVM keeps is waited for 2 s, at 100 ms a try', () => {
  const after = (tries: number) => {
    let left = tries;
    pauseMachine({ pause: () => left-- === 0 });
  };
  after(20);
  expect(() => after(21)).toThrow('KVM did not let the guest go within 2 s.');
});

test('waits until a moment, with the guest as it is', () => {
  const { guest, calls } = guestWith([]);
  const moment = guest.now() + 300_000n;
  expect(guest.waitUntil(moment)).toBe(true);
  expect(guest.now()).toBeGreaterThanOrEqual(moment);
  expect(calls).toEqual([]);
});
