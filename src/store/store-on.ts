import { statSync } from 'node:fs';
import { TscopeError } from '../errors.ts';
import { type Connection, rollBack } from './connection.ts';
import { DamageLog } from './damage-log.ts';

/** Where a series' blocks end, and how many loose samples follow them. */
export interface Tail {
  readonly afterNs: bigint;
  loose: number;
}

/** An open store. Everything else in this folder works on one. */
export interface Store {
  readonly connection: Connection;
  readonly readOnly: boolean;
  /** What reading it has found damaged so far. */
  readonly damage: DamageLog;
  /** What is known of the ends of series, so that not every sample asks for it. */
  readonly tails: Map<bigint, Tail>;
  /**
   * Runs `work` as one transaction: all of it is stored when this returns, or none of it.
   *
   * @throws TscopeError STORE_REMOVED where the file is no longer the one that was opened; STORE_FULL, STORE_READ_ONLY
   * and STORE_BUSY as they say.
   */
  transaction<T>(work: () => T): T;
  /** The same for work that waits for a file. Nothing else may use the store meanwhile. */
  longTransaction<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work`, which only reads, on the store as it is at one moment. */
  snapshot<T>(work: () => T): T;
  close(): void;
}

/** What tells a file from another one of the same name; null where there is none. */
export const identityOf = (path: string): string | null => {
  const entry = statSync(path, { throwIfNoEntry: false, bigint: true });
  return entry === undefined ? null : `${entry.dev}:${entry.ino}`;
};

/** A store on an open connection whose tables are up to date. */
export function storeOn(connection: Connection, readOnly: boolean): Store {
  const identity = identityOf(connection.path);
  const { path } = connection;
  const tails = new Map<bigint, Tail>();
  const logs = [`${path}-wal`, `${path}-shm`];
  /** While a store is open nobody but a stranger removes its log, which has what is stored, and the log's index. */
  let logged: readonly (string | null)[] | null = null;
  const begin = () => {
    // SQLite would go on writing to the removed file, which nobody can open again.
    if (identityOf(path) !== identity) {
      const message = `${path} was removed or replaced while it was in use; nothing more is stored.`;
      const hint = 'This process can still read what it stored. Open the store again to start a new file.';
      throw new TscopeError('STORE_REMOVED', message, hint);
    }
    if (logged?.some((log, i) => log !== identityOf(logs[i] as string))) {
      if (connection.pragma('wal_checkpoint(TRUNCATE)') !== 0n) {
        throw new TscopeError(
          'STORE_BUSY',
          `${path}: the log beside it was removed, and others are reading it.`,
        );
      }
      const message = `${path}: the log beside it was removed while it was in use; what it held is in the file now.`;
      throw new TscopeError('STORE_REMOVED', message, 'Open the store again to go on.');
    }
    connection.exec('BEGIN IMMEDIATE');
    logged ??= logs.map(identityOf);
  };
  const failed = (error: unknown): never => {
    tails.clear();
    rollBack(connection);
    throw error;
  };
  return {
    connection,
    readOnly,
    damage: new DamageLog(),
    tails,
    transaction: (work) => {
      begin();
      try {
        const result = work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        return failed(error);
      }
    },
    longTransaction: async (work) => {
      begin();
      try {
        const result = await work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        return failed(error);
      }
    },
    snapshot: (work) => {
      connection.exec('BEGIN');
      try {
        return work();
      } finally {
        // Nothing was written: how it ends makes no difference, and hides no error of `work`.
        rollBack(connection);
      }
    },
    close: () => {
      // Merged into the one file, as far as the other processes let it be.
      if (!readOnly && identityOf(path) === identity) {
        try {
          connection.pragma('wal_checkpoint(TRUNCATE)');
        } catch {}
      }
      connection.close();
    },
  };
}
