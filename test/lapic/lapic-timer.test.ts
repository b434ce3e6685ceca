import { describe, expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { ktimeOf, tscOf } from '../../src/clock/time-source.ts';
import { type LapicConfig, lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import {
  apicGetState,
  apicSetState,
  apicTimerFn,
  injectApicTimerIrqs,
  lapicExpiredHvTimer,
  lapicSwitchToHvTimer,
  programPeriodic,
  readTmcct,
  setLapicTscdeadlineMsr,
  writeLvtt,
  writeTdcr,
  writeTmict,
} from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../src/lapic/policies.ts';
import { nsecToCycles, readL1Tsc } from '../../src/lapic/time-scale.ts';
import { vcpuBlock } from '../../src/lapic/vcpu.ts';

const KHZ = 2_000_000;
const PERIOD = 1_000_000n;

/** A timer on clocks that stand at `ns` and 2 cycles for each. */
function timerAt(policy: PolicyName, config: Partial<LapicConfig> = {}) {
  const clock = new ScriptedClock();
  const at = (ns: bigint) => clock.set(ns, 2n * ns);
  at(0n);
  const timer = new LapicTimer({ ...lapicDefaults, guestTscKhz: KHZ, ...config }, policies[policy], clock);
  return { timer, clock, at };
}

describe("the mail thread's two slips", () => {
  /** The draft taken literally: its last statement assigns the TSC deadline to target_expiration. */
  function draftAdvance(timer: LapicTimer): void {
    const { clock } = timer;
    clock.read();
    timer.targetExpiration += timer.period;
    if (timer.targetExpiration < ktimeOf(clock)) timer.targetExpiration = ktimeOf(clock);
    const delta = timer.targetExpiration - ktimeOf(clock);
    timer.targetExpiration = readL1Tsc(timer, tscOf(clock)) + nsecToCycles(timer.scale, delta);
  }

  test('as drafted, the expiration is a cycle count and the deadline never moves: every entry exits', () => {
    const { timer, at } = timerAt('clamp');
    programPeriodic(timer, PERIOD);
    at(PERIOD);
    for (let i = 0; i < 3; i++) {
      timer.hvTimerInUse = false;
      draftAdvance(timer);
      lapicSwitchToHvTimer(timer);
      expect(timer.targetExpiration).toBeGreaterThan(2n * PERIOD);
      expect(timer.tscdeadline).toBe(2n * PERIOD);
      // Expired already: the guest would leave before its first instruction, forever.
      expect(timer.hvDeadlineTsc).toBe(2n * PERIOD);
    }
  });

  test('as applied, both deadlines say the same instant', () => {
    const { timer, at } = timerAt('clamp');
    programPeriodic(timer, PERIOD);
    at(PERIOD);
    lapicExpiredHvTimer(timer);
    expect(timer.targetExpiration).toBe(2n * PERIOD);
    expect(timer.tscdeadline).toBe(4n * PERIOD);
    expect(timer.hvDeadlineTsc).toBe(4n * PERIOD);
  });

  test('the period is non-zero wherever a target is advanced', () => {
    const { timer, at } = timerAt('clamp');
    programPeriodic(timer, PERIOD);
    timer.period = 0n;
    at(5n * PERIOD);
    lapicExpiredHvTimer(timer);
    expect(timer).toMatchObject({ advances: 0, pending: 1, hvTimerInUse: false, hrtimerArmed: false });
  });
});

test('period 0 in the hrtimer callback warns once and does not restart', () => {
  const { timer, at } = timerAt('catch-up', { hvTimer: false });
  programPeriodic(timer, PERIOD);
  timer.period = 0n;
  at(PERIOD);
  apicTimerFn(timer);
  expect(timer).toMatchObject({ warnings: 1, hrtimerArmed: false, advances: 0 });
  timer.hrtimerArmed = true;
  apicTimerFn(timer);
  expect(timer.warnings).toBe(1);
});

describe('save and restore', () => {
  test.each([true, false])('the remaining count stands still over the pause, HV timer %s', (hvTimer) => {
    const { timer, at } = timerAt('catch-up', { hvTimer });
    programPeriodic(timer, PERIOD);
    at(400_000n);
    const saved = apicGetState(timer);
    expect(saved.tmcct).toBe(600_000);
    at(86_400_000_000_000n);
    apicSetState(timer, saved);
    expect(timer.targetExpiration).toBe(86_400_000_000_000n + 600_000n);
    expect(readTmcct(timer)).toBe(600_000);
    expect(timer.pending).toBe(0);
  });

  test('a count larger than the initial one is cut to the period', () => {
    const { timer } = timerAt('clamp');
    programPeriodic(timer, PERIOD);
    apicSetState(timer, { ...apicGetState(timer), tmcct: 5_000_000 });
    expect(timer.targetExpiration).toBe(PERIOD);
  });

  test('a count of 0 is a whole period in periodic mode, and due at once in one-shot', () => {
    const periodic = timerAt('clamp');
    programPeriodic(periodic.timer, PERIOD);
    periodic.at(PERIOD);
    apicSetState(periodic.timer, apicGetState(periodic.timer));
    expect(periodic.timer.targetExpiration).toBe(2n * PERIOD);
    const oneShot = timerAt('clamp');
    writeLvtt(oneShot.timer, 0x20);
    writeTmict(oneShot.timer, 500_000);
    oneShot.at(2n * PERIOD);
    apicSetState(oneShot.timer, apicGetState(oneShot.timer));
    expect(oneShot.timer.targetExpiration).toBe(2n * PERIOD);
    expect(oneShot.timer.pending).toBe(1);
  });
});

test('a new divide count stretches what remains of the period', () => {
  const { timer, at } = timerAt('clamp');
  writeLvtt(timer, 0x20020);
  writeTdcr(timer, 0xb);
  writeTmict(timer, 1_000_000);
  at(250_000n);
  writeTdcr(timer, 0x0);
  expect(timer.period).toBe(2n * PERIOD);
  expect(timer.targetExpiration).toBe(250_000n + 1_500_000n);
  // Half of the period before last is 499,999.9 cycles in 32.32 fixed point.
  expect(2n * timer.targetExpiration - timer.tscdeadline).toBeLessThanOrEqual(2n);
});

test('the minimum period guards periodic mode only', () => {
  const { timer } = timerAt('clamp');
  writeLvtt(timer, 0x20020);
  writeTdcr(timer, 0xb);
  writeTmict(timer, 10);
  expect(timer.period).toBe(200_000n);
  const oneShot = timerAt('clamp').timer;
  writeLvtt(oneShot, 0x20);
  writeTdcr(oneShot, 0xb);
  writeTmict(oneShot, 10);
  expect(oneShot.period).toBe(10n);
});

test('the period that a guest wants is programmed exactly, or refused', () => {
  for (const period of [200_000n, 209_715n, 1_739_904n, 4_294_967_296n, 128n * (2n ** 32n - 1n)]) {
    const { timer } = timerAt('clamp');
    programPeriodic(timer, period);
    expect(timer.period).toBe(period);
  }
  expect(() => programPeriodic(timerAt('clamp').timer, 128n * 2n ** 32n)).toThrow(RangeError);
  expect(() => programPeriodic(timerAt('clamp', { busCycleNs: 40 }).timer, 41n)).toThrow(
    new RangeError("a period of 41 ns does not fit the timer's 32-bit count"),
  );
  for (const none of [0n, -1n])
    expect(() => programPeriodic(timerAt('clamp').timer, none)).toThrow(RangeError);
  const { timer } = timerAt('clamp', { minTimerPeriodUs: 0 });
  programPeriodic(timer, 1n);
  expect(timer).toMatchObject({ period: 1n, divideCount: 1, tmict: 1 });
});

test('a TSC deadline no further away than the timer fires early is due at once, on the software timer', () => {
  const armed = (ns: bigint) => {
    const { timer } = timerAt('clamp', { hvTimer: false, timerAdvanceNs: 1_000 });
    writeLvtt(timer, 0x40020);
    setLapicTscdeadlineMsr(timer, 2n * ns);
    return [timer.hrtimerArmed, timer.pending, timer.hrtimerExpires];
  };
  expect([armed(1_000n), armed(1_001n)]).toEqual([
    [false, 1, 0n],
    [true, 0, 1n],
  ]);
});

test('the reserved mode keeps a count and runs nothing', () => {
  const { timer } = timerAt('clamp');
  writeLvtt(timer, 0x60020);
  writeTmict(timer, 1000);
  expect(timer).toMatchObject({ tmict: 1000, period: 0n, hvTimerInUse: false, hrtimerArmed: false });
  expect(readTmcct(timer)).toBe(0);
  // From periodic mode the period stays, and a count of 0 reads 0 nevertheless.
  const periodic = timerAt('clamp');
  programPeriodic(periodic.timer, PERIOD);
  writeLvtt(periodic.timer, 0x60020);
  writeTmict(periodic.timer, 0);
  periodic.at(PERIOD / 2n);
  expect([periodic.timer.period, readTmcct(periodic.timer)]).toEqual([PERIOD, 0]);
  // Nor does a halt start the TSC-deadline timer that it is not.
  const halted = timerAt('clamp');
  programPeriodic(halted.timer, PERIOD);
  writeLvtt(halted.timer, 0x60020);
  vcpuBlock(halted.timer);
  expect(halted.timer).toMatchObject({ hvTimerInUse: false, hrtimerArmed: false, pending: 0 });
});

test('what fires once owes nothing, under reinject neither', () => {
  const { timer, at } = timerAt('reinject', { hvTimer: false });
  programPeriodic(timer, PERIOD);
  at(PERIOD);
  apicTimerFn(timer);
  writeLvtt(timer, 0x20);
  at(2n * PERIOD);
  apicTimerFn(timer);
  expect(timer).toMatchObject({ expirations: 2, pending: 1, owed: 0n });
});

test('the masked and the written interrupt: what a guest reads back of LVTT', () => {
  const { timer } = timerAt('clamp', { tscDeadlineTimer: false });
  writeLvtt(timer, 0x7_10ec);
  expect(apicGetState(timer)).toEqual({ lvtt: 0x3_10ec, tmict: 0, tdcr: 0, tmcct: 0 });
});

describe('posted delivery', () => {
  const posted = (policy: PolicyName, config: Partial<LapicConfig> = {}) => {
    const clock = new ScriptedClock();
    const at = (ns: bigint) => clock.set(ns, 2n * ns);
    at(0n);
    const timer = new LapicTimer(
      { ...lapicDefaults, guestTscKhz: KHZ, ...config },
      policies[policy],
      clock,
      'posted',
    );
    return { timer, at };
  };

  test('an expiry is in the IRR at once, on the hrtimer whatever the host has; one that finds the last there is lost', () => {
    const { timer, at } = posted('clamp');
    programPeriodic(timer, PERIOD);
    expect(timer).toMatchObject({ hvTimerInUse: false, hrtimerArmed: true, hrtimerExpires: PERIOD });
    for (const [k, interrupts] of [
      [1n, 1],
      [2n, 1],
    ] as const) {
      at(k * PERIOD);
      apicTimerFn(timer);
      expect(timer).toMatchObject({ expirations: Number(k), interrupts, irr: true, pending: 0, owed: 0n });
    }
    // The guest has taken it.
    timer.irr = false;
    at(3n * PERIOD);
    apicTimerFn(timer);
    expect(timer).toMatchObject({ expirations: 3, interrupts: 2, irr: true, pending: 0 });
  });

  test('a masked interrupt is in no IRR', () => {
    const { timer, at } = posted('clamp');
    programPeriodic(timer, PERIOD);
    writeLvtt(timer, 0x300ec);
    at(PERIOD);
    apicTimerFn(timer);
    expect(timer).toMatchObject({ expirations: 1, interrupts: 0, irr: false, pending: 0 });
  });

  test("with APICv the hrtimer's callback waits for the entry, and what expires elsewhere does not", () => {
    const { timer, at } = timerAt('clamp', { apicv: true, hvTimer: false });
    programPeriodic(timer, PERIOD);
    at(PERIOD);
    apicTimerFn(timer);
    expect(timer).toMatchObject({ pending: 1, interrupts: 0, irr: false });
    injectApicTimerIrqs(timer);
    expect(timer).toMatchObject({ pending: 0, interrupts: 1, irr: true });
    const late = timerAt('clamp', { apicv: true });
    programPeriodic(late.timer, PERIOD);
    late.at(PERIOD);
    lapicExpiredHvTimer(late.timer);
    expect(late.timer).toMatchObject({ pending: 0, interrupts: 1, irr: true });
  });
});

test('what is done with once it fired forgets its deadline, and a one-shot its target too', () => {
  const fired = (lvtt: number, arm: (timer: LapicTimer) => void) => {
    const { timer, at } = timerAt('catch-up', { hvTimer: false });
    writeLvtt(timer, lvtt);
    arm(timer);
    at(PERIOD);
    apicTimerFn(timer);
    const waiting = [timer.tscdeadline, timer.targetExpiration];
    injectApicTimerIrqs(timer);
    return [...waiting, timer.tscdeadline, timer.targetExpiration];
  };
  expect(fired(0x20, (timer) => writeTmict(timer, 500_000))).toEqual([2n * PERIOD, PERIOD, 0n, 0n]);
  expect(fired(0x40020, (timer) => setLapicTscdeadlineMsr(timer, 2n * PERIOD))).toEqual([
    2n * PERIOD,
    0n,
    0n,
    0n,
  ]);
});
