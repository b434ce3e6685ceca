import { type Lateness, latenessOf, latenessOn } from './grid.ts';
import type { StopTrace } from './trace.ts';

/** How well the interrupts of a trace follow a prediction, one by one. */
export interface Agreement {
  /** Interrupts that were predicted within the trace. */
  readonly predicted: number;
  /** Those of them that came, not later than this host's lateness allows. */
  readonly matched: number;
  /** Interrupts that came without a prediction of their own. */
  readonly extra: number;
  /** Mean of (came - predicted) over those matched, ns; null where none is. */
  readonly meanLatenessNs: number | null;
  /** The latest that counts as a match, ns. */
  readonly toleranceNs: number;
  /** Nine in ten match, at most one in ten is extra, and they are as late as they were before the stop. */
  readonly agrees: boolean;
}

/** Share of the interrupts that may be off on a host with other work to do. */
const EXCUSED = 0.1;
/** A guest that was stopped is slow to start: caches are cold. */
const COLD = 1.5;

/** How much later or earlier than usual the matches may be on average, in periods. */
const OFFSET = 1 / 5;

/** How late interrupts were before the stop. */
const usualLateness = ({ deliveriesNs, startNs, periodNs }: StopTrace): Lateness =>
  latenessOf(
    latenessOn(
      deliveriesNs.filter((time) => time < 0),
      startNs[0],
      periodNs,
    ),
  );

/** Compares the interrupts after the resume with those predicted, in order, each prediction used once. */
export function agreementOf(trace: StopTrace, predictedNs: readonly number[]): Agreement {
  const { periodNs } = trace;
  const usual = usualLateness(trace);
  // A late interrupt, or another one? By what is usual here, with some room.
  const toleranceNs = Math.min(0.9 * periodNs, Math.max(periodNs / 4, COLD * usual.p90Ns));
  const uncertaintyNs = trace.startNs[1] - trace.startNs[0];
  const came = trace.deliveriesNs.filter((time) => time >= 0);
  const last = came.at(-1) ?? 0;
  const predicted = predictedNs.filter((time) => time <= last);
  const lateness: number[] = [];
  let next = 0;
  for (const time of came) {
    while (next < predicted.length && time - (predicted[next] ?? 0) > toleranceNs) next += 1;
    const late = time - (predicted[next] ?? Number.POSITIVE_INFINITY);
    if (late < -uncertaintyNs) continue;
    lateness.push(late);
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
    toleranceNs,
    agrees:
      matched >= (1 - EXCUSED) * predicted.length &&
      extra <= EXCUSED * came.length &&
      Math.abs((meanLatenessNs ?? 0) - usual.meanNs) <= OFFSET * periodNs,
  };
}
