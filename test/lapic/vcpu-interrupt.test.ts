import { describe, expect, test } from 'vitest';
import { hrtimerInterrupt, runVcpu } from '../../src/lapic/vcpu.ts';
import { now, periodicVcpu, SECOND, START } from './virtual-vcpu.ts';

const PERIOD = 1_000_000n;
const software = { config: { hvTimer: false } };

/** A vCPU on the software timer whose CPU was taken away for `ns`. */
const deprived = (policy: Parameters<typeof periodicVcpu>[0], ns: bigint, setup = {}) => {
  const vcpu = periodicVcpu(policy, { ...software, ...setup });
  vcpu.host.advance(ns);
  return vcpu;
};

test('runs callbacks back to back while the expiry is not after the time at the start of the pass', () => {
  const exact = deprived('catch-up', 10n * PERIOD, { callbackNs: 0n });
  hrtimerInterrupt(exact);
  expect(exact.callbacks).toBe(10);
  const short = deprived('catch-up', 10n * PERIOD - 1n, { callbackNs: 0n });
  hrtimerInterrupt(short);
  expect(short.callbacks).toBe(9);
});

test('what falls due meanwhile is for the next pass, and the third is the last', () => {
  // Each callback lasts half a period: 10 in the first pass, 5 in the second, 2 or 3 in the third.
  const vcpu = deprived('catch-up', 10n * PERIOD, { callbackNs: PERIOD / 2n });
  expect(hrtimerInterrupt(vcpu)).toBe(true);
  expect(vcpu.callbacks).toBe(17);
  expect(vcpu.hangs).toBe(1);
});

test('an expiry at the very time of a look is due: callbacks as long as a period never end, and a pass has one', () => {
  const vcpu = deprived('catch-up', PERIOD, { callbackNs: PERIOD });
  expect(hrtimerInterrupt(vcpu)).toBe(true);
  expect(vcpu).toMatchObject({ callbacks: 3, hangs: 1, hrtimerInterrupts: 1 });
});

test('after a hang the next event is put off by the time spent', () => {
  const vcpu = deprived('catch-up', 10n * PERIOD, { callbackNs: PERIOD / 2n });
  const entry = now(vcpu);
  hrtimerInterrupt(vcpu);
  const spent = now(vcpu) - entry;
  expect(spent).toBe((17n * PERIOD) / 2n);
  expect(vcpu.hangUntil).toBe(now(vcpu) + spent);
  const { callbacks } = vcpu;
  runVcpu(vcpu, vcpu.hangUntil - 1n);
  expect(vcpu.callbacks).toBe(callbacks);
  runVcpu(vcpu, vcpu.hangUntil + 1n);
  expect(vcpu.callbacks).toBeGreaterThan(callbacks);
});

test('the first callback after a hang comes as soon as it may, and a run that ends before that ends on time', () => {
  const vcpu = deprived('catch-up', 10n * PERIOD, { callbackNs: PERIOD / 2n });
  hrtimerInterrupt(vcpu);
  const { hangUntil, host } = vcpu;
  const calls: bigint[] = [];
  const pass = host.callbackDone.bind(host);
  host.callbackDone = () => {
    calls.push(now(vcpu));
    pass();
  };
  runVcpu(vcpu, hangUntil - 5n);
  expect([now(vcpu), calls.length]).toEqual([hangUntil - 5n, 0]);
  runVcpu(vcpu, hangUntil + 100n * PERIOD);
  expect(calls[0]).toBe(hangUntil);
});

test('a hang puts it off by 100 ms at most', () => {
  const vcpu = deprived('catch-up', SECOND, { callbackNs: (PERIOD * 9n) / 10n });
  hrtimerInterrupt(vcpu);
  expect(vcpu.hangs).toBe(1);
  expect(vcpu.hangUntil - now(vcpu)).toBe(100_000_000n);
});

test('clamp leaves after one late callback and one at now', () => {
  const vcpu = deprived('clamp', 50n * PERIOD + 7n);
  expect(hrtimerInterrupt(vcpu)).toBe(true);
  expect(vcpu.callbacks).toBe(2);
  expect(vcpu.hangs).toBe(0);
});

describe('the watchdog', () => {
  test('fires once the interrupt has lasted that long, in the middle of the backlog', () => {
    const watchdogNs = 1_000_000n;
    const vcpu = deprived('catch-up', 100n * SECOND, { options: { watchdogNs } });
    const entry = now(vcpu);
    expect(runVcpu(vcpu, START + 1_000n * SECOND)).toBe('lockup');
    const spent = now(vcpu) - entry;
    expect(spent).toBeGreaterThanOrEqual(watchdogNs);
    expect(spent).toBeLessThan((watchdogNs * 105n) / 100n);
    const madeUp = BigInt(vcpu.callbacks) * PERIOD;
    expect(now(vcpu) - vcpu.timer.targetExpiration).toBe(100n * SECOND + spent - madeUp - PERIOD);
  });

  test('fires at its threshold to the nanosecond', () => {
    const callbacks = (watchdogNs: bigint) => {
      const vcpu = deprived('catch-up', SECOND, { callbackNs: 100n, options: { watchdogNs } });
      expect(hrtimerInterrupt(vcpu)).toBe(false);
      return vcpu.callbacks;
    };
    // The n-th callback reads the clock 100 (n - 1) ns after the interrupt began.
    expect([callbacks(1_000n), callbacks(1_001n)]).toEqual([11, 12]);
  });

  test('has nothing to see under any policy that does not catch up in the interrupt', () => {
    for (const policy of ['clamp', 'skip', 'delay', 'freeze', 'reinject', 'gate'] as const) {
      const vcpu = deprived(policy, 100n * SECOND, { options: { watchdogNs: 1_000n } });
      expect(runVcpu(vcpu, now(vcpu) + PERIOD)).toBe('time');
    }
  });

  test('sees a timer whose callback costs more than its period: each hang leaves more to do', () => {
    const vcpu = deprived('catch-up', 0n, { callbackNs: 2n * PERIOD, options: { watchdogNs: SECOND } });
    expect(runVcpu(vcpu, START + 100n * SECOND)).toBe('lockup');
    expect(vcpu.hangs).toBeGreaterThan(0);
  });

  test('under clamp the same timer is late but makes no backlog', () => {
    const vcpu = deprived('clamp', 0n, { callbackNs: 2n * PERIOD, options: { watchdogNs: SECOND } });
    expect(runVcpu(vcpu, START + 10n * SECOND)).toBe('time');
    expect(now(vcpu) - vcpu.timer.targetExpiration).toBeLessThan(100n * PERIOD);
  });
});
