import { formatCount, formatNs } from '../units.ts';
import type { TimerPath } from './path.ts';
import type { StopFinding } from './stop-finding.ts';

/** What this kernel does with the ticks that a guest misses while it is stopped. */
export type Verdict = 'keeps-running' | 'clamps' | 'catches-up' | 'inconclusive';

/** A verdict and the sentence that says what it rests on. */
export interface Conclusion {
  readonly verdict: Verdict;
  readonly explanation: string;
}

/** As many interrupts as this in the first period are no coalesced one and its successor. */
const STORM = 4;
const LEAST_MISSED = 2;

const inconclusive = (why: string): Conclusion => ({
  verdict: 'inconclusive',
  explanation: `Nothing can be said: ${why}.`,
});

/** What was seen, in words that hold for every verdict. */
function seen(finding: StopFinding): string {
  const { missedTicks, lostTicks, interruptsFirstPeriod, stopNs } = finding;
  return (
    `In ${formatNs(stopNs)} outside the guest ${formatCount(missedTicks)} ticks passed; ` +
    `${interruptsFirstPeriod === 1 ? '1 interrupt' : `${interruptsFirstPeriod} interrupts`} came in the first period ` +
    `after the resume and ${formatCount(lostTicks)} ticks were lost`
  );
}

/**
 * What one stop proves. The interrupts alone cannot tell a timer that kept running from one that caught up: both are
 * on the old grid with one interrupt for all the missed ticks. The path can: only a timer that fell behind has
 * anything to catch up.
 *
 * @param path what drove the guest's timer.
 * @param preemptionTimer whether the host is set up to use the preemption timer; null where that is not known.
 */
export function conclude(finding: StopFinding, path: TimerPath, preemptionTimer: boolean | null): Conclusion {
  const { grid, unclear, missedTicks, interruptsFirstPeriod, phaseShiftNs } = finding;
  if (missedTicks < LEAST_MISSED)
    return inconclusive('the stop was too short for the timer to miss anything');
  if (unclear !== null) return inconclusive(unclear);
  const shift = formatNs(Math.round(phaseShiftNs ?? 0));
  if (interruptsFirstPeriod >= STORM) {
    const explanation = `${seen(finding)}: missed ticks are delivered one after the other, a storm.`;
    return { verdict: 'catches-up', explanation };
  }
  if (grid === 'resume') {
    const explanation =
      `${seen(finding)}; from then on they come every period from the resume (phase ${shift} later): ` +
      'the overdue expiration was set to "now", as the fixed kernel does.';
    return { verdict: 'clamps', explanation };
  }
  if (grid === 'other') {
    return inconclusive(
      `the interrupts after the resume moved by ${shift}, to neither the old grid nor one from the resume`,
    );
  }
  if (path === 'hrtimer' && preemptionTimer === true) {
    return inconclusive(
      'the preemption timer is on, but this guest ran on the software timer, to which a kernel that catches up ' +
        'falls back after a delay of one period, and one that posts timer interrupts always',
    );
  }
  if (path === 'hrtimer') {
    const explanation =
      `${seen(finding)}; the rest are on the old grid (phase ${shift}): the software timer kept running in userspace, ` +
      'so there was no backlog and nothing to clamp.';
    return { verdict: 'keeps-running', explanation };
  }
  if (path === 'preemption-timer') {
    const explanation =
      `${seen(finding)}; the rest are on the old grid (phase ${shift}), though the preemption timer stood still: ` +
      'the kernel ran through every missed period to get there, with interrupts off (CVE-2025-71104).';
    return { verdict: 'catches-up', explanation };
  }
  return inconclusive('the interrupts are on the old grid, and which timer drives the guest is not known');
}

/**
 * One verdict out of several stops: what they agree on, without those that say nothing.
 *
 * @param conclusions the main stop's first.
 */
export function combine(conclusions: readonly Conclusion[]): Conclusion {
  const firm = conclusions.filter(({ verdict }) => verdict !== 'inconclusive');
  const [first] = firm;
  if (first === undefined) return conclusions[0] ?? inconclusive('no stop was measured');
  const verdicts = [...new Set(firm.map(({ verdict }) => verdict))];
  if (verdicts.length > 1) return inconclusive(`the stops disagree (${verdicts.join(', ')})`);
  return first;
}
