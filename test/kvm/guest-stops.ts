import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untracedStop } from '../../src/kvm/expiries.ts';
import type { GuestLoop, GuestStop } from '../../src/kvm/guest-stop.ts';
import { predict } from '../../src/kvm/model.ts';
import type { TimerPath } from '../../src/kvm/verdict.ts';
import type { PolicyName } from '../../src/lapic/policies.ts';

/** Stops of real guests, recorded on a host without a preemption timer. */
export const recorded: Readonly<Record<string, GuestStop>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/kvm-traces.json'), 'utf8'),
).traces;

export const recordedStop = (name: string): GuestStop => {
  const stop = recorded[name];
  if (stop === undefined) throw new RangeError(`no stop ${name}`);
  return { ...stop, kernel: untracedStop('not asked for') };
};

export interface Synthetic {
  readonly policy: PolicyName;
  readonly path: TimerPath;
  readonly loop?: GuestLoop;
  readonly periodNs?: number;
  readonly stopNs?: number;
  /** Interrupts on either side of the stop. */
  readonly ticks?: number;
  /** Where in a period the guest is resumed. */
  readonly resumeAt?: number;
  /** How late interrupt `i` is, ns. */
  readonly lateness?: (i: number) => number;
}

export const TSC_KHZ = 2_600_000;

/** A stop as a host with the given timer and kernel would leave it: the grid, a stop, and what the model says. */
export function synthetic({
  policy,
  path,
  loop = 'spin',
  periodNs = 1_000_000,
  stopNs = 1_000_000_000,
  ticks = 100,
  resumeAt = 0.5,
  lateness = (i) => 20_000 + (i % 7) * 5_000,
}: Synthetic): GuestStop {
  const missed = Math.floor(stopNs / periodNs);
  // Tick k is due at start + k * period; the resume, at 0, is resumeAt periods after tick ticks + missed.
  const start = -(ticks + missed + resumeAt) * periodNs;
  const leftNs = start + (ticks + 0.8) * periodNs;
  const before = Array.from({ length: ticks }, (_, i) => start + (i + 1) * periodNs + lateness(i));
  const remaining = (atNs: number) =>
    path === 'preemption-timer' ? 0 : periodNs - ((((atNs - start) % periodNs) + periodNs) % periodNs);
  const stop: GuestStop = {
    loop,
    stop: 'pause',
    periodNs,
    divide: 1,
    startNs: [start, start],
    leftNs,
    deliveriesNs: [...before, ticks * periodNs],
    counts: [0.31, 0.53, 0.79].map((share) => {
      const atNs = leftNs * (1 - share);
      return { atNs, uncertaintyNs: 5_000, remainingNs: remaining(atNs) };
    }),
    saved: null,
    restoredNs: null,
    cpu: null,
    activity: null,
    kernel: untracedStop('not asked for'),
  };
  const after = predict(stop, policy, path, TSC_KHZ).deliveriesNs.map((time, i) => time + lateness(i));
  return { ...stop, deliveriesNs: [...before, ...after] };
}
