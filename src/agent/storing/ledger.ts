/** Why a sample was given up. */
export const DROP_REASONS = [
  /** Too many were waiting while nothing could be stored. */
  'overflow',
  /** The store refused it and took others. */
  'refused',
  /** No clock's reading was accepted, so that there was nothing to store. */
  'rejected',
  /** The agent had to end before the store took it. */
  'ended',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Where every sample is that was taken: taken = stored + waiting + the sum of dropped. */
export interface Ledger {
  readonly taken: number;
  readonly stored: number;
  readonly waiting: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/** Nothing has been dropped yet. */
export const nothingDropped = (): Record<DropReason, number> =>
  Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;

/** Samples given up, for whatever reason. */
export const droppedIn = ({ dropped }: Ledger): number =>
  Object.values(dropped).reduce((sum, count) => sum + count, 0);
