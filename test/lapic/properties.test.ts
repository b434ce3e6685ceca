import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apicGetState, apicSetState } from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policyNames } from '../../src/lapic/policies.ts';
import { runVcpu } from '../../src/lapic/vcpu.ts';
import { now, periodicVcpu, SECOND, START, stopFor } from './virtual-vcpu.ts';

/** Hosts, guests and stops, none with more than a few thousand missed periods. */
const cases = fc
  .record({
    period: fc.bigInt({ min: 200_000n, max: 4_000_000n }),
    warmUp: fc.nat(20),
    phase: fc.bigInt({ min: 0n, max: 999n }),
    missed: fc.oneof(fc.constant(0n), fc.constant(1n), fc.bigInt({ min: 0n, max: 3_000n })),
    extra: fc.bigInt({ min: 0n, max: 999n }),
    callbackNs: fc.bigInt({ min: 0n, max: 2_000n }),
    exitNs: fc.bigInt({ min: 0n, max: 20_000n }),
    handlingNs: fc.bigInt({ min: 0n, max: 100_000n }),
    hvTimer: fc.boolean(),
    idle: fc.boolean(),
    timerAdvanceNs: fc.constantFrom(0, 1_000, 5_000),
    guestTscKhz: fc.constantFrom(1_000_000, 2_194_843, 2_599_993, 4_000_000),
  })
  .map(({ period, phase, missed, extra, warmUp, ...rest }) => ({
    ...rest,
    period,
    leaveAfter: period * BigInt(warmUp) + (period * phase) / 1000n,
    stop: period * missed + (period * extra) / 1000n,
  }));
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** Runs a case up to the return from its stop, and until it has caught up. */
function run(policy: PolicyName, { period, callbackNs, exitNs, handlingNs, idle, hvTimer, ...rest }: Case) {
  const { timerAdvanceNs, guestTscKhz } = rest;
  const vcpu = periodicVcpu(policy, {
    period,
    callbackNs,
    exitNs,
    config: { hvTimer, timerAdvanceNs, guestTscKhz },
    options: { handlingNs, idle },
  });
  runVcpu(vcpu, START + rest.leaveAfter);
  const resume = stopFor(vcpu, rest.stop);
  return { vcpu, resume };
}

const always = (
  property: (policy: PolicyName, given: Case) => void,
  names: readonly PolicyName[] = policyNames,
) => fc.assert(fc.property(fc.constantFrom(...names), cases, property), { numRuns: 150 });

test('every policy catches up from any stop that is short enough to', () => {
  always((policy, given) => {
    expect(run(policy, given).resume.outcome).toBe('caught-up');
  });
});

test('after recovery no policy has its next expiry in the past', () => {
  always((policy, given) => {
    const { vcpu } = run(policy, given);
    const { timer } = vcpu;
    const at = now(vcpu);
    if (timer.hrtimerArmed) expect(timer.hrtimerExpires).toBeGreaterThan(at);
    // Independent's two deadlines differ by the rounding of the period in cycles.
    else if (policy !== 'independent') expect(timer.targetExpiration).toBeGreaterThan(at);
  });
});

test('skip and reinject keep the phase to the nanosecond', () => {
  always(
    (policy, given) => {
      const { vcpu } = run(policy, given);
      expect((vcpu.timer.targetExpiration - START) % given.period).toBe(0n);
    },
    ['skip', 'reinject'],
  );
});

test('freeze keeps the phase of the time in the guest', () => {
  always(
    (_policy, given) => {
      const { vcpu, resume } = run('freeze', { ...given, exitNs: 0n, callbackNs: 0n, timerAdvanceNs: 0 });
      const leftAt = resume.resumedAt - given.stop;
      const remaining = given.period - ((leftAt - START) % given.period);
      expect(vcpu.timer.targetExpiration).toBe(resume.resumedAt + remaining);
    },
    ['freeze'],
  );
});

test('the guest never gets more interrupts than periods have begun', () => {
  always((policy, given) => {
    const { vcpu } = run(policy, given);
    runVcpu(vcpu, now(vcpu) + 50n * given.period);
    const periods = (now(vcpu) + BigInt(given.timerAdvanceNs) - START) / given.period;
    expect(vcpu.timer.interrupts).toBeLessThanOrEqual(Number(periods) + 1);
  });
});

test('clamp never delivers two interrupts closer than the handling of one', () => {
  always(
    (policy, given) => {
      const { vcpu } = run(policy, given);
      runVcpu(vcpu, now(vcpu) + 50n * given.period);
      const { takenAt: interrupts } = vcpu.host;
      expect(interrupts.length).toBeGreaterThan(1);
      interrupts.slice(1).forEach((at, i) => {
        expect(at - (interrupts[i] ?? 0n)).toBeGreaterThanOrEqual(given.handlingNs);
      });
    },
    ['clamp'],
  );
});

test('clamp handled later than a period each time makes no backlog', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 5n }),
      fc.bigInt({ min: 200_000n, max: 1_000_000n }),
      (times, period) => {
        const vcpu = periodicVcpu('clamp', { period, exitNs: times * period + 1n });
        for (let i = 1n; i <= 20n; i++) {
          runVcpu(vcpu, START + i * 10n * period);
          expect(now(vcpu) - vcpu.timer.targetExpiration).toBeLessThanOrEqual((times + 1n) * period + 2n);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('a save and a restore, at any time and after any pause, never make lag', () => {
  always((policy, given) => {
    const { vcpu } = run(policy, given);
    const { timer, host } = vcpu;
    const saved = apicGetState(timer);
    host.advance(3_600n * SECOND);
    apicSetState(timer, saved);
    host.read();
    expect(timer.targetExpiration).toBeGreaterThan(now(vcpu));
    expect(timer.targetExpiration).toBeLessThanOrEqual(now(vcpu) + given.period);
    expect(timer.pending).toBe(0);
  });
});

test('a second run of any case is the same to the last count', () => {
  always((policy, given) => {
    const [first, second] = [run(policy, given), run(policy, given)];
    expect(first.resume).toEqual(second.resume);
    expect(first.vcpu.host.takenAt).toEqual(second.vcpu.host.takenAt);
  });
});
