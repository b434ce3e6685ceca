import type { ErrorCode } from '../../errors.ts';
import type { Retention } from '../../store/retention.ts';
import type { NewRun } from '../../store/runs.ts';
import type { Marks, RowCounts, ShippedParts } from '../../store/unshipped.ts';
import type {
  AgentEvent,
  PairIdentity,
  PairRecord,
  PairSample,
  PairStability,
} from '../sampling/messages.ts';
import type { NextBatch } from '../shipping.ts';

/** A run as the sampling thread began it; its row is made when the first of its entries is written. */
export interface RunRecord {
  /** What the entries name it by. */
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
      readonly run: number;
      readonly atMs: number;
      readonly pairs: readonly Pick<PairSample, 'clock' | 'ns' | 'boundNs'>[];
    }
  | { readonly kind: 'events'; readonly run: number; readonly events: readonly AgentEvent[] }
  | {
      readonly kind: 'calibration';
      readonly run: number;
      readonly atMs: number;
      /** JSON of a calibration as batches have it. */
      readonly result: string;
    }
  | { readonly kind: 'end'; readonly run: number; readonly atMs: number };

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

/** What can be read from the store. Each answer is the JSON of the API's `result`. */
export type Query =
  | { readonly what: 'runs' }
  | { readonly what: 'samples'; readonly hostKey: string; readonly range: TimeRange; readonly stepNs: bigint }
  | { readonly what: 'events'; readonly hostKey: string; readonly range: TimeRange }
  | {
      readonly what: 'stability';
      readonly hostKey: string;
      readonly range: TimeRange;
      readonly stepNs: bigint;
    };

/** What the store's thread is asked to do. */
export type Request =
  | { readonly kind: 'write'; readonly runs: readonly RunRecord[]; readonly entries: readonly Entry[] }
  | { readonly kind: 'read'; readonly query: Query }
  /** Nothing of the store: it is work that must delay neither samples nor HTTP. */
  | { readonly kind: 'stability'; readonly records: readonly PairRecord[] }
  | {
      readonly kind: 'maintain';
      readonly retention: Retention;
      /** What is sent to a hub, so that what is deleted unsent is counted; null where nothing is. */
      readonly shipped: ShippedParts | null;
    }
  | { readonly kind: 'instance' }
  | {
      readonly kind: 'unshipped';
      readonly parts: ShippedParts;
      readonly bytes: number;
      readonly nowNs: bigint;
    }
  | { readonly kind: 'shipped'; readonly marks: Marks }
  | { readonly kind: 'close' };

/** What it answers to each kind of request. */
export interface Answers {
  readonly write: Written;
  readonly read: string;
  readonly stability: readonly PairStability[];
  readonly maintain: { readonly deleted: number };
  readonly instance: { readonly instance: string; readonly lost: RowCounts };
  readonly unshipped: NextBatch;
  readonly shipped: null;
  readonly close: null;
}

/** Messages to and from the thread. The first one from it, of id 0, says whether the store is open. */
export type Asked = { readonly id: number } & Request;
export type Answered =
  | { readonly id: number; readonly result: Answers[Request['kind']] }
  | { readonly id: number; readonly failure: Failure };
