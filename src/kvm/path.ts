import type { StopTrace } from './trace.ts';

/** What makes the guest's timer fire: a host timer that always runs, or the CPU's, which counts in the guest only. */
export type TimerPath = 'hrtimer' | 'preemption-timer' | 'unknown';

/** A path and how it is known. */
export interface PathFinding {
  readonly path: TimerPath;
  readonly reason: string;
}

/** The host's side: `preemptionTimer` is null where it is not known. */
export interface PathHost {
  readonly preemptionTimer: boolean | null;
  /** Where that is known from, or why it is not. */
  readonly source: string;
}

/** Readings that a verdict about the path needs; none of them within the first periods of the stop. */
const LEAST_READINGS = 2;
const SETTLED_PERIODS = 2;

/**
 * TMCCT read from outside tells: behind an hrtimer it goes on counting, period after period; behind the preemption
 * timer it stays at 0, because that timer is overdue and only counts in the guest.
 */
function byCounts(trace: StopTrace): PathFinding | null {
  const settled = trace.counts.filter(({ atNs }) => atNs - trace.leftNs > SETTLED_PERIODS * trace.periodNs);
  if (settled.length < LEAST_READINGS) return null;
  const moving = settled.filter(({ remainingNs }) => remainingNs > 0).length;
  if (moving > 0) {
    const reason = `TMCCT went on counting while the guest was stopped (${moving} of ${settled.length} readings)`;
    return { path: 'hrtimer', reason };
  }
  const reason = `TMCCT stayed at 0 while the guest was stopped (${settled.length} readings)`;
  return { path: 'preemption-timer', reason };
}

/** The path of one trace: as it behaved, else as the host is set up. */
export function pathOf(trace: StopTrace, host: PathHost): PathFinding {
  const seen = byCounts(trace);
  if (seen !== null) return { path: seen.path, reason: `${seen.reason}; ${host.source}` };
  if (host.preemptionTimer === null) return { path: 'unknown', reason: host.source };
  return { path: host.preemptionTimer ? 'preemption-timer' : 'hrtimer', reason: host.source };
}

/**
 * The path of all guests: what those showed that were paused, whose timer could be watched meanwhile. One on the
 * preemption timer is enough.
 */
export function pathOfAll(traces: readonly StopTrace[], host: PathHost): PathFinding {
  const found = traces.filter(({ stop }) => stop === 'pause').map((trace) => pathOf(trace, host));
  const nothing: PathFinding = { path: 'unknown', reason: 'no guest was stopped' };
  return found.find(({ path }) => path === 'preemption-timer') ?? found[0] ?? nothing;
}
