import type { ErrorCode } from '../../errors.ts';
import type { NewRun } from '../../store/runs.ts';
import type { AgentEvent, PairIdentity, PairSample } from '../sampling/messages.ts';

/** The times of the agent's messages, ms, as the store has them. */
export const nsOf = (ms: number): bigint => BigInt(Math.round(ms * 1e6));

/** A run as the sampling thread began it; its row is made when the first of its entries is written. */
export interface RunRecord {
  /** What tells it from the others of this agent. */
  readonly number: number;
  readonly run: NewRun;
  readonly pairs: readonly PairIdentity[];
  /** The clock less the reference, ns, that the samples count from. */
  readonly origins: readonly { readonly clock: string; readonly ns: bigint }[];
}

/** Something to store. Times are ms since the epoch. */
export type Entry =
  | {
      readonly kind: 'sample';
      readonly run: RunRecord;
      readonly atMs: number;
      readonly pairs: readonly Pick<PairSample, 'clock' | 'ns' | 'boundNs'>[];
    }
  | { readonly kind: 'events'; readonly run: RunRecord; readonly events: readonly AgentEvent[] }
  | {
      readonly kind: 'calibration';
      readonly run: RunRecord;
      readonly atMs: number;
      /** JSON of a calibration as batches have it. */
      readonly result: string;
    }
  | { readonly kind: 'end'; readonly run: RunRecord; readonly atMs: number };

/** Why a store did not do what it was asked. */
export interface Failure {
  /** DEFECT where the error is none that is known. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  /** True where only opening the store again can help. */
  readonly reopen: boolean;
}

/** What became of a batch of entries. */
export interface Written {
  /** Entries from the first on that are dealt with: stored, or given up for the reasons that follow. */
  readonly done: number;
  /** Samples stored. */
  readonly stored: number;
  /** Samples of which no clock's reading was accepted: there is nothing to store. */
  readonly rejected: number;
  /** Samples that the store refused while it took others. */
  readonly refused: number;
  /** Unknown errors that a second attempt got over, the first of them in words; null where there was none. */
  readonly mended: string | null;
  /** Why the rest is not done; null where all is. */
  readonly failure: Failure | null;
  /** Bytes of the file in use; null where that is not known. */
  readonly usedBytes: number | null;
}

/** A stretch of time, ns since the epoch. */
export interface TimeRange {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}
