import type { KvmStall } from '../schema/kvm.ts';
import { median } from '../statistics.ts';
import { formatNs } from '../units.ts';
import type { TraceResult } from './expiries.ts';
import { gridOf, modulo, phaseOf } from './grid.ts';

/**
 * One time that the timer interrupt of the guest's CPU was kept busy. Times are ktime in ns from the instant at which
 * the burst of timers was due.
 */
export interface Stall {
  /** When a process that was running on that CPU, and was interrupted at the instant, went on. */
  readonly toNs: number;
  /** The guest's interrupts from some tens of periods before to as many after. */
  readonly deliveriesNs: readonly number[];
}

/** Every stall of one guest, or why there is none. */
export interface StallRecord {
  readonly periodNs: number;
  /** How late interrupts came without a stall: median, ns after the points of the timer's grid. */
  readonly usualLatenessNs: number;
  readonly stalls: readonly Stall[];
  /** What the kernel's own tracepoints say of the same expiries. */
  readonly trace: TraceResult;
  /** Why no stall, or none that is long enough, could be made; null where they were. */
  readonly reason: string | null;
}

/** What the guest's interrupts say of one stall. */
interface StallFinding {
  /** From the point of the grid at which the guest's timer was due to the end of the stall, when it could run. */
  readonly latenessNs: number;
  /** `unclear` where the two grids are too near to one another, or the interrupts are on neither. */
  readonly grid: 'old' | 'new' | 'unclear';
}

// Both less strict than of a stop, which is judged alone: of delays several must agree.
/** A shift belongs to a grid when it is nearer to it than this share of the distance between the two. */
const NEAR = 0.4;
/** Interrupts on either side that a phase needs. */
const LEAST_INTERRUPTS = 15;
/** Stalls that must agree, and the share of all telling ones that they must be. */
export const LEAST_STALLS = 3;
const AGREEING = 0.8;

/** Which grid the interrupts are on after a stall. */
export function stallFindingOf(stall: Stall, { periodNs, usualLatenessNs }: StallRecord): StallFinding {
  const before = stall.deliveriesNs.filter((ns) => ns < 0);
  const [first, ...after] = stall.deliveriesNs.filter((ns) => ns >= stall.toNs - periodNs / 4);
  const phaseBefore = phaseOf(before, periodNs).meanNs;
  const grid = phaseBefore - usualLatenessNs;
  // The process that saw the end of the stall may have had to wait for the guest; then the guest saw it.
  const ended = Math.min(stall.toNs, first === undefined ? stall.toNs : first - usualLatenessNs);
  const latenessNs = ended - modulo(grid, periodNs);
  if (before.length < LEAST_INTERRUPTS || after.length < LEAST_INTERRUPTS)
    return { latenessNs, grid: 'unclear' };
  // How much later in the period interrupts come afterwards; and had the timer started a new grid at the stall's end.
  const shiftNs = phaseOf(after, periodNs).meanNs - phaseBefore;
  const found = gridOf(shiftNs, latenessNs, periodNs, NEAR);
  return { latenessNs, grid: found === 'old' || found === 'new' ? found : 'unclear' };
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** How often an outcome was seen, among the stalls that tell. */
const share = (count: number, telling: number): string =>
  `${count === telling ? 'each time' : 'mostly'} (${count} of ${telling} that tell)`;

/** What the stalls of a run prove. */
export function stallResultOf(record: StallRecord): KvmStall {
  const { periodNs } = record;
  const findings = record.stalls.map((stall) => stallFindingOf(stall, record));
  const count = (kind: StallFinding['grid']) => findings.filter(({ grid }) => grid === kind).length;
  const grid = { old: count('old'), new: count('new'), unclear: count('unclear') };
  const lateness = findings.map((finding) => finding.latenessNs);
  const latenessNs =
    lateness.length === 0
      ? null
      : { max: Math.round(Math.max(...lateness)), p50: Math.round(median(lateness)) };
  const facts = { tried: findings.length, grid, periodNs, latenessNs };
  const inconclusive = (why: string): KvmStall => ({
    ...facts,
    verdict: 'inconclusive',
    explanation: `A forced delay of the guest's timer says nothing: ${why}.`,
  });
  if (record.reason !== null) return inconclusive(record.reason);
  if (latenessNs === null) return inconclusive('none was made before the run was interrupted');
  const telling = grid.old + grid.new;
  if (telling < LEAST_STALLS)
    return inconclusive(
      `after ${telling} of ${findings.length} could the old grid be told from a new one; a verdict needs ${LEAST_STALLS}`,
    );
  const delay = `The guest's timer, ${formatNs(periodNs)}, was made to run up to ${formatNs(latenessNs.max)} late, ${times(findings.length)}`;
  if (grid.new >= AGREEING * telling) {
    const explanation = `${delay}: ${share(grid.new, telling)} its interrupts started a new grid when it could run, so the target that was past became "now", as the fixed kernel does.`;
    return { ...facts, verdict: 'clamps', explanation };
  }
  if (grid.old >= AGREEING * telling) {
    const explanation = `${delay}: ${share(grid.old, telling)} its interrupts stayed on the old grid, so the kernel ran one callback for each missed period to get there, with interrupts off (CVE-2025-71104).`;
    return { ...facts, verdict: 'catches-up', explanation };
  }
  return inconclusive(
    `interrupts were on the old grid ${times(grid.old)} and on a new one ${times(grid.new)}`,
  );
}
