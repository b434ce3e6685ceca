/** What somebody says the TSC's frequency is. */
export interface Claim {
  readonly source: string;
  readonly hz: number | null;
  /** Why the claim may differ from the measured rate, or why there is none; without a full stop. */
  readonly reason: string;
}

/** No x86 TSC counts slower than an emulator's or faster than this: a frequency outside is a broken table, not a claim. */
const [LOWEST_HZ, HIGHEST_HZ] = [1e6, 1e11];

/** A claim that this host makes; none where no TSC has such a frequency. */
export const claimOf = (source: string, hz: number, reason: string): Claim =>
  hz >= LOWEST_HZ && hz <= HIGHEST_HZ
    ? { source, hz, reason }
    : noClaim(source, `it gives ${hz.toPrecision(3)} Hz, which no TSC has`);

/** A claim that this host does not make. */
export const noClaim = (source: string, reason: string): Claim => ({ source, hz: null, reason });
