import { folded } from '../circle.ts';
import { count } from '../digits.ts';
import type { KvmResult, KvmStop } from '../schema/kvm.ts';
import { formatNs } from '../units.ts';
import type { TraceResult } from './expiries.ts';
import { gridOf, latenessOn, modulo, phaseOf, ticksOn } from './grid.ts';
import type { GuestStop } from './guest-stop.ts';

/** What makes the guest's timer fire: a host timer that always runs, or the CPU's, which counts in the guest only. */
export type TimerPath = KvmStop['path'];

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
function byCounts(stop: GuestStop): PathFinding | null {
  const settled = stop.counts.filter(({ atNs }) => atNs - stop.leftNs > SETTLED_PERIODS * stop.periodNs);
  if (settled.length < LEAST_READINGS) return null;
  const moving = settled.filter(({ remainingNs }) => remainingNs > 0).length;
  if (moving > 0) {
    const reason = `TMCCT went on counting while the guest was stopped (${moving} of ${settled.length} readings)`;
    return { path: 'hrtimer', reason };
  }
  const reason = `TMCCT stayed at 0 while the guest was stopped (${settled.length} readings)`;
  return { path: 'preemption-timer', reason };
}

/** The path of one stop: as it behaved, else as the host is set up. */
export function pathOf(stop: GuestStop, host: PathHost): PathFinding {
  const seen = byCounts(stop);
  if (seen !== null) return { path: seen.path, reason: `${seen.reason}; ${host.source}` };
  if (host.preemptionTimer === null) return { path: 'unknown', reason: host.source };
  return { path: host.preemptionTimer ? 'preemption-timer' : 'hrtimer', reason: host.source };
}

/** The path of one guest among others: its own, or, where its timer could not be watched, that of the others. */
export const pathAmong = (stop: GuestStop, all: PathFinding, host: PathHost): PathFinding =>
  byCounts(stop) === null && all.path !== 'unknown' ? all : pathOf(stop, host);

/**
 * The path of all guests: what those showed that were paused, whose timer could be watched meanwhile. One on the
 * preemption timer is enough.
 */
export function pathOfAll(stops: readonly GuestStop[], host: PathHost): PathFinding {
  const found = stops.filter(({ stop }) => stop === 'pause').map((stop) => pathOf(stop, host));
  const nothing: PathFinding = { path: 'unknown', reason: 'no guest was stopped' };
  return found.find(({ path }) => path === 'preemption-timer') ?? found[0] ?? nothing;
}

/** Where the interrupts after a resume lie: on the timer's old grid, on one that starts at the resume, or on neither. */
type GridKind = 'old' | 'new' | 'other' | 'unclear';

/** Of a stop's figures those that its interrupts alone show. */
type Shown =
  | 'stopNs'
  | 'missedTicks'
  | 'lostTicks'
  | 'interruptsFirstPeriod'
  | 'firstInterruptNs'
  | 'resumePhaseNs'
  | 'phaseShiftNs'
  | 'phaseShiftErrorNs';

/** What a stop shows, before anything is concluded from it. */
export interface StopFinding extends Pick<KvmStop, Shown> {
  readonly grid: GridKind;
  /** Why the grid is unclear; else null. */
  readonly unclear: string | null;
}

/** Fewer interrupts on either side say nothing about a phase. */
const LEAST_INTERRUPTS = 20;
/** A shift belongs to a grid when it is nearer to it than this share of the distance between the two. */
const NEAR = 0.3;
/** Standard errors that must fit into that. */
const SIGMAS = 4;

function gridAfter(
  shiftNs: number,
  errorNs: number,
  resumePhaseNs: number,
  periodNs: number,
): [GridKind, string | null] {
  const grid = gridOf(shiftNs, resumePhaseNs, periodNs, NEAR);
  if (grid === 'one') return ['unclear', 'the resume fell on the old grid, so that both grids are one'];
  if (errorNs * SIGMAS > Math.abs(folded(resumePhaseNs, periodNs)) * NEAR)
    return ['unclear', "the interrupts' lateness varies too much on this host"];
  return [grid, null];
}

/** What the interrupts of one stop say. */
export function findingOf(stop: GuestStop): StopFinding {
  const { deliveriesNs, periodNs, leftNs } = stop;
  const [start] = stop.startNs;
  const before = deliveriesNs.filter((time) => time < 0);
  const after = deliveriesNs.filter((time) => time >= 0);
  const [lastTick = 0, resumeTick = 0] = ticksOn([before.at(-1) ?? leftNs, 0], start, periodNs);
  const [resumePhaseNs = 0] = latenessOn([0], start, periodNs);
  const missedTicks = resumeTick - lastTick;
  const facts = {
    stopNs: -leftNs,
    missedTicks,
    lostTicks: missedTicks - after.filter((time) => time < periodNs - resumePhaseNs).length,
    interruptsFirstPeriod: after.filter((time) => time < periodNs).length,
    firstInterruptNs: after[0] ?? null,
    resumePhaseNs,
  };
  const usual = phaseOf(before, periodNs);
  // Without the first period, which holds the coalesced interrupt.
  const later = phaseOf(
    after.filter((time) => time >= periodNs),
    periodNs,
  );
  if (usual.count < LEAST_INTERRUPTS || later.count < LEAST_INTERRUPTS) {
    const unclear = `only ${usual.count} interrupts before the stop and ${later.count} after it were recorded`;
    return { ...facts, phaseShiftNs: null, phaseShiftErrorNs: null, grid: 'unclear', unclear };
  }
  const phaseShiftNs = folded(modulo(later.meanNs - usual.meanNs, periodNs), periodNs);
  const phaseShiftErrorNs = Math.hypot(usual.errorNs, later.errorNs);
  const [grid, unclear] = gridAfter(phaseShiftNs, phaseShiftErrorNs, resumePhaseNs, periodNs);
  return { ...facts, phaseShiftNs, phaseShiftErrorNs, grid, unclear };
}

/** What this kernel does with the ticks that a guest misses while it is stopped, and what that rests on, in a sentence. */
export type Conclusion = Pick<KvmStop, 'verdict' | 'explanation'>;

/** As many interrupts as this in the first period are more than a coalesced one and its successor. */
const STORM = 4;
const LEAST_MISSED = 2;

const inconclusive = (why: string): Conclusion => ({
  verdict: 'inconclusive',
  explanation: `Nothing can be said: ${why}.`,
});

/**
 * The burst of a stop whose guest came back on the old grid from a timer that had stood still; else null.
 *
 * @param traced how many callbacks the kernel's trace counted, if it did.
 */
export function burstOf(
  finding: StopFinding,
  path: TimerPath,
  periodNs: number,
  traced: number | null = null,
): KvmStop['burst'] {
  const { grid, missedTicks, firstInterruptNs, resumePhaseNs } = finding;
  if (path !== 'preemption-timer' || grid !== 'old' || firstInterruptNs === null) return null;
  const callbacks = traced || missedTicks + Math.floor((resumePhaseNs + firstInterruptNs) / periodNs);
  return { lengthNs: firstInterruptNs, callbacks, callbackNs: firstInterruptNs / callbacks };
}

/** What was seen, in words that hold for every verdict. */
function seen(finding: StopFinding): string {
  const { missedTicks, lostTicks, interruptsFirstPeriod, stopNs } = finding;
  return (
    `In ${formatNs(stopNs)} outside the guest ${count(missedTicks)} ticks passed; ` +
    `${interruptsFirstPeriod === 1 ? '1 interrupt' : `${interruptsFirstPeriod} interrupts`} came in the first period ` +
    `after the resume and ${count(lostTicks)} ticks were lost`
  );
}

/** A burst longer than a period is most of what came before the first interrupt. */
function burstWords(finding: StopFinding, path: TimerPath, periodNs: number): string {
  const burst = burstOf(finding, path, periodNs);
  if (burst === null || burst.lengthNs < periodNs) return '';
  const { lengthNs, callbacks, callbackNs } = burst;
  return `: a burst of about ${count(callbacks)} callbacks, ${formatNs(lengthNs)} long, ${formatNs(callbackNs)} each`;
}

/**
 * What one stop proves. The interrupts alone cannot tell a timer that kept running from one that caught up: both are
 * on the old grid with one interrupt for all the missed ticks. The path can: only a timer that fell behind has
 * anything to catch up.
 *
 * @param path what drove the guest's timer.
 * @param preemptionTimer whether the host is set up to use the preemption timer; null where that is not known.
 */
export function conclude(
  finding: StopFinding,
  path: TimerPath,
  preemptionTimer: boolean | null,
  periodNs: number,
): Conclusion {
  const { grid, unclear, missedTicks, interruptsFirstPeriod, phaseShiftNs } = finding;
  if (missedTicks < LEAST_MISSED)
    return inconclusive('the stop was too short for the timer to miss anything');
  if (unclear !== null) return inconclusive(unclear);
  const shift = formatNs(Math.round(phaseShiftNs ?? 0));
  const proved = (verdict: Conclusion['verdict'], why: string): Conclusion => {
    return { verdict, explanation: `${seen(finding)}${why}` };
  };
  if (interruptsFirstPeriod >= STORM)
    return proved('catches-up', ': missed ticks are delivered one after the other, a storm.');
  if (grid === 'new') {
    return proved(
      'clamps',
      `; from then on they come every period from the resume (phase ${shift} later): ` +
        'the overdue expiration was set to "now", as the fixed kernel does.',
    );
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
  const old = `; the rest are on the old grid (phase ${shift})`;
  if (path === 'hrtimer') {
    return proved(
      'keeps-running',
      `${old}: the software timer kept running in userspace, so there was no backlog and nothing to clamp.`,
    );
  }
  if (path === 'preemption-timer') {
    return proved(
      'catches-up',
      `${old}, though the preemption timer stood still: the kernel ran through every missed period to get there, ` +
        `with interrupts off (CVE-2025-71104)${burstWords(finding, path, periodNs)}.`,
    );
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

type Fix = KvmResult['fix'];

/** A verdict that is about the fix, or `untested`. */
export const fixOf = ({ verdict }: Conclusion): Fix =>
  verdict === 'clamps' || verdict === 'catches-up' ? verdict : 'untested';

/**
 * What the kernel's trace says of the fix: the one of its two policies that explains every expiry, where the other does
 * not. One late expiry is enough, since each is exact.
 */
export function concludeTrace(trace: Pick<TraceResult, 'expiries' | 'late' | 'agree'>): Conclusion {
  const { expiries, late, agree } = trace;
  const [clamp, catchUp] = [agree['clamp'] ?? 0, agree['catch-up'] ?? 0];
  const of = `The kernel's trace: of ${count(expiries)} expiries ${count(late)} came a period late or more`;
  if (clamp === expiries && catchUp < expiries)
    return { verdict: 'clamps', explanation: `${of}, and every next one was exactly where the fix puts it.` };
  if (catchUp === expiries && clamp < expiries)
    return { verdict: 'catches-up', explanation: `${of}, and every next one was exactly one period on.` };
  return inconclusive(
    clamp === expiries
      ? `no expiry in the kernel's trace came late enough to tell`
      : `the kernel's trace has expiries that neither kernel explains`,
  );
}

const SAYS: Readonly<Record<Fix, string>> = {
  clamps: 'it clamps',
  'catches-up': 'it catches up',
  untested: 'nothing',
};

/** What the stops, the forced delays and the kernel's trace say together; null where there was none of one kind. */
export function together(stops: Conclusion, stalls: Conclusion | null, trace: Conclusion | null): Conclusion {
  const all = [
    { source: 'the stops say', conclusion: stops },
    { source: 'the forced delays say', conclusion: stalls },
    { source: "the kernel's trace says", conclusion: trace },
  ];
  const telling = all.flatMap(({ source, conclusion }) =>
    conclusion === null || fixOf(conclusion) === 'untested' ? [] : [{ source, conclusion }],
  );
  const [first] = telling;
  if (first === undefined) return stops;
  const { verdict } = first.conclusion;
  if (telling.some(({ conclusion }) => conclusion.verdict !== verdict))
    return inconclusive(
      telling.map(({ source, conclusion }) => `${source} that ${SAYS[fixOf(conclusion)]}`).join(', '),
    );
  const words = telling.map(({ conclusion }) => conclusion.explanation);
  if (fixOf(stops) === 'untested') words.push(`The stop: ${stops.explanation}`);
  return { verdict, explanation: words.join(' ') };
}
