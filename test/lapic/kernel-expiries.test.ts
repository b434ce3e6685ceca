import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { apicTimerFn, programPeriodic } from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policies, policyNames } from '../../src/lapic/policies.ts';

interface Sequence {
  readonly periodNs: number;
  readonly firstNs: string;
  readonly latenessNs: readonly number[];
  readonly elsewhereNs: ReadonlyArray<readonly [index: number, ns: number]>;
}
interface Kernel {
  readonly kernel: string;
  readonly policy: PolicyName;
  readonly sequences: readonly Sequence[];
}

// The file says what it holds, and where from.
const { kernels } = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, '../vectors/kernel-expiries.json.gz'))).toString(),
) as { kernels: readonly Kernel[] };

/** From the time that the interrupt was entered with to the one that the clamp reads: 5.4 us at most on silicon, 19.8 us emulated. */
const CALLBACK_NS = 20_000;

/** Expiries that the model restarts elsewhere than the kernel did. The rest of a sequence follows the kernel. */
function differences(policy: PolicyName, { periodNs, firstNs, latenessNs, elsewhereNs }: Sequence): number {
  const clock = new ScriptedClock();
  const config = { ...lapicDefaults, guestTscKhz: 2_599_998, hvTimer: false };
  const timer = new LapicTimer(config, policies[policy], clock);
  clock.set(BigInt(firstNs) - BigInt(periodNs), 0n);
  programPeriodic(timer, BigInt(periodNs));
  expect(timer.hrtimerExpires).toBe(BigInt(firstNs));
  const elsewhere = new Map(elsewhereNs);
  let different = 0;
  latenessNs.forEach((lateness, i) => {
    const expiry = timer.hrtimerExpires;
    clock.set(expiry + BigInt(lateness), 0n);
    apicTimerFn(timer);
    const restarted = Number(timer.hrtimerExpires - expiry);
    const recorded = elsewhere.get(i) ?? periodNs;
    // Where the kernel set it to now, that now was a little after the interrupt's.
    const most = recorded === periodNs ? 0 : CALLBACK_NS;
    if (recorded < restarted || recorded > restarted + most) different += 1;
    timer.hrtimerExpires = expiry + BigInt(recorded);
    timer.targetExpiration = timer.hrtimerExpires;
  });
  return different;
}

const total = (policy: PolicyName, { sequences }: Kernel): number =>
  sequences.reduce((sum, sequence) => sum + differences(policy, sequence), 0);

test('what was recorded', () => {
  const rows = kernels.map(({ kernel, sequences }) => [
    kernel.slice(0, 7),
    sequences.reduce((sum, { latenessNs }) => sum + latenessNs.length, 0),
    sequences.reduce((sum, { elsewhereNs }) => sum + elsewhereNs.length, 0),
  ]);
  expect(rows).toEqual([
    ['6.18.44', 53_534, 54],
    ['6.1.192', 1025, 0],
    ['6.1.192', 949, 9],
  ]);
});

test.each(kernels.map((kernel) => [kernel.kernel, kernel] as const))('%s, every expiry', (_name, kernel) => {
  expect(total(kernel.policy, kernel)).toBe(0);
});

test('the rules that differ from a kernel are told apart by its late expiries', () => {
  const found = policyNames.map((name) => [name, ...kernels.map((kernel) => total(name, kernel))]);
  expect(found).toEqual([
    ['independent', 45, 0, 9],
    ['catch-up', 45, 0, 9],
    ['clamp', 0, 77, 0],
    ['skip', 54, 77, 9],
    ['delay', 54, 77, 9],
    ['freeze', 0, 77, 0],
    ['reinject', 54, 77, 9],
    ['gate', 0, 77, 0],
  ]);
});
