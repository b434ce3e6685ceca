/** How the store is. */
export interface StoreHealth {
  readonly ok: boolean;
  /** Why nothing can be stored now; null where it can. */
  readonly reason: string | null;
  readonly code: string | null;
  /** Since when, ISO time. */
  readonly since: string | null;
  /** Samples that wait in memory, and those that were given up because too many waited. */
  readonly pending: number;
  readonly dropped: number;
  /** Failed attempts so far. */
  readonly failures: number;
}
