/** What somebody says the TSC's frequency is. */
export interface Claim {
  readonly source: string;
  readonly hz: number | null;
  /** Why the claim may differ from the measured rate, or why there is none; without a full stop. */
  readonly reason: string;
}

/** A claim that this host does not make. */
export const noClaim = (source: string, reason: string): Claim => ({ source, hz: null, reason });
