import type { ClockName } from '../../host/clocks.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import type { DriftEvent, DriftPair } from '../../schema/drift.ts';
import type { ComparedClock } from '../../tasks/drift/pair.ts';

/** What the sampling thread is told when it starts. Durations are ns. */
export interface SamplingOptions {
  readonly interval: number;
  readonly clocks: readonly ComparedClock[];
  readonly reference: ClockName;
  readonly recalibrate: number;
}

/** Which clocks are compared, and what that is worth. */
export type PairIdentity = Pick<DriftPair, 'clock' | 'reference' | 'independent' | 'independentReason'> & {
  readonly clock: ComparedClock;
};

/** One pair at one sample. */
export interface PairSample {
  readonly clock: ComparedClock;
  /** How far the clock has moved against the reference since sampling began, ns; null where the read was rejected. */
  readonly ns: number | null;
  /** Hard bound of that, ns. */
  readonly boundNs: number | null;
  /** Over the last points, steps left out. */
  readonly rateRatio: number | null;
  readonly rateStandardError: number | null;
  readonly rejected: { readonly wide: number; readonly moved: number };
}

/** An event, and the pair that it is about; null is the host. */
export interface AgentEvent extends DriftEvent {
  readonly clock: string | null;
}

/** A pair's phase over the whole run, as its stability is taken from. */
export interface PairRecord {
  readonly clock: ComparedClock;
  /** ns on a regular grid; NaN where a point is missing. */
  readonly phase: Float64Array;
  readonly intervalNs: number;
  /** The points that come first after a step, by their index. */
  readonly breaks: readonly number[];
}

/** A pair's stability over the whole run. */
export interface PairStability {
  readonly clock: ComparedClock;
  readonly points: DriftPair['stability'];
}

/** What the sampling thread tells. Counts are totals of the run. */
export type SamplingMessage =
  | {
      readonly kind: 'started';
      readonly nominal: { readonly hz: number; readonly source: string };
      /** Wall clock, ms. */
      readonly atMs: number;
      /** The clock less the reference, ns, that the samples count from; 0 for the TSC, whose phase has no origin. */
      readonly origins: readonly { readonly clock: ComparedClock; readonly ns: bigint }[];
      /** True where the wall clock was set: totals, offsets and stability go on from the run before. */
      readonly goesOn: boolean;
    }
  | {
      readonly kind: 'sample';
      /** Wall clock at the start of the run plus the time that has passed since: within a run it only ever grows. */
      readonly atMs: number;
      readonly pairs: readonly PairSample[];
      readonly events: readonly AgentEvent[];
      /** Grid points that passed because the thread was late. */
      readonly missed: number;
      /** How long after its grid point the sample was taken, ns. */
      readonly lateNs: number;
    }
  | { readonly kind: 'records'; readonly pairs: readonly PairRecord[] }
  | {
      readonly kind: 'calibrated';
      readonly result: CalibrateResult;
      readonly pairs: readonly PairIdentity[];
      readonly clocksource: string | null;
      readonly derivedFromTsc: boolean | null;
      /** True where the CPU calls its TSC invariant and the kernel does not offer it as a clocksource; null: not known. */
      readonly tscUnstable: boolean | null;
    };

export type StartedMessage = Extract<SamplingMessage, { kind: 'started' }>;
export type SampleMessage = Extract<SamplingMessage, { kind: 'sample' }>;
