import { hostIdentity } from '../host/identity.ts';
import { endRun, startRun } from '../store/runs.ts';
import { openStore, using } from '../store/store.ts';

/** A run that a store keeps, from its start on; plain data, for the threads that add to it. */
export interface KeptRun {
  readonly db: string;
  readonly id: number;
  /** Wall clock, ns since the epoch. */
  readonly startedAtNs: bigint;
}

const optionsJson = (options: object): string =>
  JSON.stringify(options, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** Starts a run in the store. @throws TscopeError where the store cannot be opened or written. */
export function beginKeptRun(db: string, command: string, options: object, startedAt: Date): KeptRun {
  const startedAtNs = BigInt(startedAt.getTime()) * 1_000_000n;
  const run = {
    host: { ...hostIdentity(), facts: null },
    command,
    startedAtNs,
    options: optionsJson(options),
  };
  return { db, startedAtNs, id: using(openStore(db), (store) => startRun(store, run).id) };
}

/** Ends it, with the command's document. @throws TscopeError where the store cannot be opened or written. */
export function endKeptRun({ db, id }: KeptRun, document: string): void {
  using(openStore(db), (store) => endRun(store, id, BigInt(Date.now()) * 1_000_000n, document));
}
