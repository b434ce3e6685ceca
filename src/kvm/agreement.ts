import { latenessOf, latenessOn, ticksOn } from './grid.ts';
import type { StopTrace } from './trace.ts';

/** How well the interrupts of a trace follow a prediction, one by one. */
export interface Agreement {
  /** Interrupts that were predicted within the trace. */
  readonly predicted: number;
  /** Those of them that came before the next one was due. */
  readonly matched: number;
  /** Interrupts that came without a prediction of their own. */
  readonly extra: number;
  /** Mean of (came - predicted) over those matched, ns; null where none is. */
  readonly meanLatenessNs: number | null;
  /**
   * As many match as did on their grid before the stop, less one in ten; at most one in ten is extra; and they are
   * as late as before.
   */
  readonly agrees: boolean;
}

/** Share of the interrupts that may be off on a host with other work to do. */
const EXCUSED = 0.1;
/** How much later or earlier than usual the matches may be on average, in periods. */
const OFFSET = 1 / 5;

/** Before the stop: how late interrupts were, and the share of ticks that had one of their own. */
function usual({ deliveriesNs, startNs: [start], periodNs }: StopTrace): { meanNs: number; share: number } {
  const before = deliveriesNs.filter((time) => time < 0);
  const ticks = ticksOn(before, start, periodNs);
  const passed = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) + 1;
  return { meanNs: latenessOf(latenessOn(before, start, periodNs)).meanNs, share: before.length / passed };
}

/**
 * Compares the interrupts after the resume with those predicted, in order, each prediction used once. A late interrupt
 * belongs to the latest tick that was due; a whole grid in the wrong place shows in the mean lateness.
 */
export function agreementOf(trace: StopTrace, predictedNs: readonly number[]): Agreement {
  const { periodNs } = trace;
  const { meanNs, share } = usual(trace);
  const uncertaintyNs = trace.startNs[1] - trace.startNs[0];
  const came = trace.deliveriesNs.filter((time) => time >= 0);
  const last = came.at(-1) ?? 0;
  const predicted = predictedNs.filter((time) => time <= last);
  const due = (i: number) => (predicted[i] ?? Number.POSITIVE_INFINITY) - uncertaintyNs;
  const lateness: number[] = [];
  let next = 0;
  for (const time of came) {
    while (due(next + 1) <= time) next += 1;
    if (due(next) > time) continue;
    lateness.push(time - due(next) - uncertaintyNs);
    next += 1;
  }
  const matched = lateness.length;
  const extra = came.length - matched;
  const meanLatenessNs = matched === 0 ? null : lateness.reduce((sum, value) => sum + value, 0) / matched;
  return {
    predicted: predicted.length,
    matched,
    extra,
    meanLatenessNs,
    agrees:
      matched >= (Math.min(1, share) - EXCUSED) * predicted.length &&
      extra <= EXCUSED * came.length &&
      Math.abs((meanLatenessNs ?? 0) - meanNs) <= OFFSET * periodNs,
  };
}
