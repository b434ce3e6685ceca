import type { Cell, Row } from '../../store/connection.ts';

/** What goes into a statement. A number is an integer, but in a column of `float8`. */
export type Value = Cell | undefined;

/** What statements run on: a transaction. They are PostgreSQL's, as far as SQLite has the same by this or another name. */
export interface Statements {
  /** Runs a statement whose parameters are `?1`, `?2` ... Integers come as bigint, text as a string or as UTF-8. */
  run(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Runs a statement on rows, which it calls `u`: on all of them at once, or on some after the others.
   *
   * @param columns their names and types: `host int, at bigint, score float8, detail text, rates bytea`.
   */
  each(columns: string, rows: Iterable<readonly Value[]>, sql: string): Promise<readonly Row[]>;
}

/** How long what is kept, days; `Infinity` is forever. */
export interface FleetRetention {
  readonly retainSamples: number;
  readonly retainMinutes: number;
  readonly retainHours: number;
}

/**
 * What a fleet keeps, open. Everything else in this folder works on one. Both implementations pass one suite of tests
 * (test/fleet/store.test.ts).
 *
 * Everything throws TscopeError: STORE_BUSY, STORE_FULL, STORE_READ_ONLY and STORE_FAILED pass with time or with an
 * operator's help; STORE_REFUSED does not.
 */
export interface FleetStore {
  /** The file, or the database without its password, for messages. */
  readonly place: string;
  /** What is known by identity, so that it is not asked for each time. */
  readonly known: {
    /** Numbers of rows. */
    readonly senders: Map<string, number>;
    readonly runs: Map<string, number>;
    readonly series: Map<string, number>;
    /** What senders said of themselves last, JSON: it is written only when it changes. */
    readonly said: Map<string, string>;
  };
  /** As `Statements.run`, outside of transactions. */
  ask: Statements['run'];
  /**
   * Runs `work` as one transaction: all of it is stored, or none. Where another transaction was in its way it is run again.
   */
  transaction<T>(work: (own: Statements) => Promise<T>): Promise<T>;
  /** Runs `work`, unless another process is doing the same: one does it for all. @returns null where it was not run. */
  alone<T>(work: () => Promise<T>): Promise<T | null>;
  /** Drops what is too old, and gets ready for what comes. @returns how many rows or partitions went. */
  dropOld(retention: FleetRetention, nowMs: number): Promise<number>;
  close(): Promise<void>;
}
