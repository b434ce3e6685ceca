import { describe, expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { VirtualClock } from '../../src/clock/virtual.ts';
import { lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { setLapicTscdeadlineMsr, writeLvtt, writeTmict } from '../../src/lapic/lapic-timer.ts';
import { policies } from '../../src/lapic/policies.ts';
import { stopAndResume } from '../../src/lapic/scene.ts';
import { leaveGuest, runVcpu, stayInUserspace, Vcpu } from '../../src/lapic/vcpu.ts';
import { VirtualHost } from '../../src/lapic/virtual-host.ts';
import { now, periodicVcpu, SECOND, START, stopFor } from './virtual-vcpu.ts';

const PERIOD = 1_000_000n;

test('a busy guest has one exit and one interrupt a tick on the HV timer', () => {
  const vcpu = periodicVcpu('clamp', { exitNs: 0n });
  expect(runVcpu(vcpu, START + 100n * PERIOD + 1n)).toBe('time');
  expect(vcpu).toMatchObject({ vmExits: 100, callbacks: 0, timer: { interrupts: 100, hvTimerInUse: true } });
});

test('what is due at the very end is for the next run', () => {
  const vcpu = periodicVcpu('clamp', { exitNs: 0n });
  expect(runVcpu(vcpu, START + PERIOD)).toBe('time');
  expect(now(vcpu)).toBe(START + PERIOD);
  expect(vcpu).toMatchObject({ vmExits: 0, inGuest: true, timer: { interrupts: 0 } });
  expect(runVcpu(vcpu, START + PERIOD)).toBe('time');
  expect(runVcpu(vcpu, START + PERIOD + 1n)).toBe('time');
  expect(vcpu).toMatchObject({ vmExits: 1, timer: { interrupts: 1 } });
});

test('a stop is recorded: when it was left, when it was entered again, when following ended', () => {
  const vcpu = periodicVcpu('clamp', { exitNs: 1_000n });
  const leaveAt = START + (5n * PERIOD) / 2n;
  const record = stopAndResume(vcpu, {
    leaveAt,
    pass: () => {
      stayInUserspace(vcpu, leaveAt + SECOND);
    },
    followNs: SECOND,
    goal: 'caught-up',
  });
  const left = {
    ktime: leaveAt,
    targetExpiration: START + 3n * PERIOD,
    callbacks: 0,
    vmExits: 2,
    interrupts: 2,
    expirations: 2,
  };
  const resumedAt = leaveAt + SECOND;
  expect(record).toMatchObject({
    outcome: 'caught-up',
    left,
    resumed: { ...left, ktime: resumedAt },
    // Two exits; the target that the clamp set to the first of them is the grid from then on.
    ended: {
      ktime: resumedAt + 2_000n,
      targetExpiration: resumedAt + PERIOD,
      callbacks: 0,
      vmExits: 4,
      interrupts: 3,
      expirations: 4,
    },
  });
  const cycles = (ns: bigint) => (ns * 2_599_993n) / 1_000_000n;
  expect(record.resumed.tsc - record.left.tsc - cycles(SECOND)).toBeLessThanOrEqual(1n);
});

test('a vCPU whose CPU is taken away has not left the guest', () => {
  const vcpu = periodicVcpu('gate', { callbackNs: 0n, config: { hvTimer: false } });
  const { left } = stopAndResume(vcpu, {
    leaveAt: START + PERIOD / 2n,
    staysInGuest: true,
    pass: () => {
      expect(vcpu).toMatchObject({ inGuest: true, timer: { inUserspace: false } });
      vcpu.host.advance(SECOND);
      vcpu.host.read();
    },
    followNs: SECOND,
    goal: 'time',
  });
  expect(left.vmExits).toBe(0);
  expect(now(vcpu)).toBe(START + PERIOD / 2n + 2n * SECOND);
});

test('without a preemption timer the hrtimer interrupts the guest', () => {
  const vcpu = periodicVcpu('clamp', { config: { hvTimer: false } });
  runVcpu(vcpu, START + 100n * PERIOD + 1_000n);
  expect(vcpu).toMatchObject({
    vmExits: 100,
    callbacks: 100,
    hrtimerInterrupts: 100,
    timer: { interrupts: 100 },
  });
});

test('an idle guest waits on the hrtimer and runs on the HV timer', () => {
  const vcpu = periodicVcpu('clamp', { options: { idle: true, handlingNs: 10_000n } });
  runVcpu(vcpu, START + 100n * PERIOD + 500_000n);
  expect(vcpu).toMatchObject({ halted: true, vmExits: 0, callbacks: 100, timer: { interrupts: 100 } });
  runVcpu(vcpu, START + 101n * PERIOD + 5_000n);
  expect(vcpu).toMatchObject({ halted: false, timer: { interrupts: 101, hvTimerInUse: true } });
});

test('an interrupt waits for the EOI of the last one', () => {
  const handlingNs = 300_000n;
  const vcpu = periodicVcpu('clamp', { period: 200_000n, options: { handlingNs } });
  runVcpu(vcpu, START + 3_000_000n);
  const { takenAt: interrupts } = vcpu.host;
  expect(interrupts.length).toBeGreaterThan(5);
  interrupts.slice(1).forEach((at, i) => {
    expect(at - (interrupts[i] ?? 0n)).toBeGreaterThanOrEqual(handlingNs);
  });
});

test.each([true, false])('whoever waits for an EOI misses nothing before it, HV timer %s', (hvTimer) => {
  const vcpu = periodicVcpu('clamp', {
    exitNs: 0n,
    callbackNs: 0n,
    config: { hvTimer },
    options: { handlingNs: 10n * PERIOD },
  });
  runVcpu(vcpu, START + (5n * PERIOD) / 2n);
  expect(now(vcpu)).toBe(START + (5n * PERIOD) / 2n);
  expect(vcpu.timer).toMatchObject({ expirations: 2, interrupts: 1, pending: 1 });
  runVcpu(vcpu, START + (23n * PERIOD) / 2n);
  expect(vcpu.host.takenAt).toEqual([START + PERIOD, START + 11n * PERIOD]);
  expect(vcpu.timer.expirations).toBe(11);
});

test('a masked timer runs on and reaches nobody', () => {
  const vcpu = periodicVcpu('clamp');
  writeLvtt(vcpu.timer, 0x300ec);
  runVcpu(vcpu, START + 10n * PERIOD + 500_000n);
  expect(vcpu.timer).toMatchObject({ interrupts: 0, expirations: 10, pending: 0 });
  expect(vcpu.host.takenAt).toEqual([]);
});

describe('posted delivery', () => {
  const posted = { delivery: 'posted', config: { hvTimer: true } } as const;

  test('has no HV timer, and delivers without an exit', () => {
    const vcpu = periodicVcpu('catch-up', posted);
    runVcpu(vcpu, START + 100n * PERIOD + 500_000n);
    expect(vcpu).toMatchObject({
      vmExits: 0,
      callbacks: 100,
      timer: { interrupts: 100, pending: 0, hvTimerInUse: false },
    });
  });

  test('a CPU taken away makes a storm: one interrupt for each callback', () => {
    const vcpu = periodicVcpu('catch-up', posted);
    runVcpu(vcpu, START + PERIOD / 2n);
    vcpu.host.advance(10n * SECOND);
    expect(runVcpu(vcpu, now(vcpu) + SECOND, 'caught-up')).toBe('caught-up');
    expect(vcpu.callbacks).toBeGreaterThanOrEqual(10_000);
    expect(vcpu.timer.interrupts).toBe(vcpu.callbacks);
  });

  test('callbacks that find the last interrupt not taken add none', () => {
    const vcpu = periodicVcpu('catch-up', { ...posted, options: { handlingNs: 790n } });
    vcpu.host.advance(10n * SECOND);
    runVcpu(vcpu, now(vcpu) + SECOND, 'caught-up');
    expect(vcpu.timer.interrupts / vcpu.callbacks).toBeCloseTo(0.1, 2);
  });

  test('a stop in userspace leaves no lag and one interrupt', () => {
    const vcpu = periodicVcpu('catch-up', posted);
    runVcpu(vcpu, START + PERIOD / 2n);
    const { advances } = stopFor(vcpu, 10n * SECOND);
    expect({ advances, interrupts: vcpu.timer.interrupts }).toEqual({ advances: 0, interrupts: 1 });
  });

  test('clamp makes no storm', () => {
    const vcpu = periodicVcpu('clamp', posted);
    vcpu.host.advance(10n * SECOND);
    runVcpu(vcpu, now(vcpu) + PERIOD / 2n);
    expect(vcpu.timer.interrupts).toBe(2);
  });
});

describe('timers that fire once', () => {
  const guest = (lvtt: number, config = {}) => {
    const host = new VirtualHost(2_600_000, { callbackNs: 79n, exitNs: 79n }, START, 1_000n);
    const timer = new LapicTimer(
      { ...lapicDefaults, guestTscKhz: 2_600_000, ...config },
      policies['catch-up'],
      host,
    );
    writeLvtt(timer, lvtt);
    return { timer, host, vcpu: new Vcpu(timer, host) };
  };

  test.each([true, false])('one-shot, HV timer %s: one interrupt, then nothing', (hvTimer) => {
    const { vcpu, timer } = guest(0x20, { hvTimer });
    writeTmict(timer, 500_000);
    runVcpu(vcpu, START + SECOND);
    expect(timer).toMatchObject({
      interrupts: 1,
      expirations: 1,
      advances: 0,
      hvTimerInUse: false,
      hrtimerArmed: false,
    });
    expect(timer.targetExpiration).toBe(0n);
  });

  test.each([true, false])('TSC-deadline, HV timer %s: one interrupt, then nothing', (hvTimer) => {
    const { vcpu, timer, host } = guest(0x40020, { hvTimer });
    host.read();
    setLapicTscdeadlineMsr(timer, 1_000n + 2_600_000n);
    runVcpu(vcpu, START + 999_999n);
    expect(timer.interrupts).toBe(0);
    runVcpu(vcpu, START + SECOND);
    expect(timer).toMatchObject({ interrupts: 1, advances: 0, hvTimerInUse: false, hrtimerArmed: false });
    expect(timer.tscdeadline).toBe(0n);
  });

  test('a stop makes one late expiry of them, under any policy', () => {
    const { vcpu, timer } = guest(0x20);
    writeTmict(timer, 500_000);
    expect(stopFor(vcpu, 100n * SECOND)).toMatchObject({ expirations: 1, interrupts: 1, callbacks: 0 });
  });
});

describe('ending', () => {
  test('a host that wants to end is heard in the middle of a backlog', () => {
    const vcpu = periodicVcpu('catch-up');
    vcpu.host.callbackDone = () => {
      vcpu.aborted = vcpu.callbacks >= 100;
    };
    expect(stopFor(vcpu, 10n * SECOND)).toMatchObject({ outcome: 'aborted', callbacks: 100 });
  });

  test('a host that wants to end is heard after an exit, and while the guest is in userspace', () => {
    const vcpu = periodicVcpu('independent', { exitNs: 2n * PERIOD });
    vcpu.host.exitDone = () => {
      vcpu.aborted = vcpu.vmExits >= 3;
    };
    expect(stopFor(vcpu, SECOND)).toMatchObject({ outcome: 'aborted', exits: 3 });
    expect(runVcpu(vcpu, START + 10n * SECOND)).toBe('aborted');
    expect(stayInUserspace(vcpu, START + 10n * SECOND)).toBe('aborted');
  });

  test('the exits of independent end at the time limit', () => {
    const vcpu = periodicVcpu('independent', { exitNs: 2n * PERIOD });
    leaveGuest(vcpu);
    stayInUserspace(vcpu, START + 10n * SECOND);
    expect(runVcpu(vcpu, START + 11n * SECOND, 'caught-up')).toBe('time');
    expect(vcpu.vmExits).toBe(500);
  });

  test('leaving twice, or entering without having left, changes nothing', () => {
    const vcpu = periodicVcpu('freeze');
    runVcpu(vcpu, START + PERIOD / 2n);
    leaveGuest(vcpu);
    leaveGuest(vcpu);
    stayInUserspace(vcpu, START + SECOND);
    runVcpu(vcpu, START + SECOND + 1n);
    runVcpu(vcpu, START + SECOND + 2n);
    expect(vcpu.timer.targetExpiration).toBe(START + SECOND + PERIOD / 2n);
    expect(vcpu.timer.frozenNs).toBe(SECOND - PERIOD / 2n);
  });
});

test('a vCPU and its timer on different clocks are refused', () => {
  const timer = new LapicTimer({ ...lapicDefaults, guestTscKhz: 1 }, policies.clamp, new ScriptedClock());
  expect(() => new Vcpu(timer, new VirtualHost(1, { callbackNs: 0n, exitNs: 0n }))).toThrow(RangeError);
});

test('virtual time finds the first nanosecond at which the TSC shows a value', () => {
  for (const khz of [1, 25_000, 999_983, 2_194_843, 4_294_967_295]) {
    const clock = new VirtualClock(khz, 0n, 5n);
    for (const cycles of [0n, 1n, 2n, 12_345n, 10n ** 13n]) {
      const before = clock.nsUntilTsc(5n + cycles);
      const probe = new VirtualClock(khz, 0n, 5n);
      probe.advance(before);
      expect(probe.nsUntilTsc(5n + cycles)).toBe(0n);
      if (before === 0n) continue;
      const early = new VirtualClock(khz, 0n, 5n);
      early.advance(before - 1n);
      expect(early.nsUntilTsc(5n + cycles)).toBe(1n);
    }
  }
});
