import type { AgentHealth } from '../../schema/agent-api.ts';

/** Where every sample is that was taken: taken = stored + waiting + the sum of dropped. */
export type Ledger = AgentHealth['samples'];

/** Nothing has been dropped yet. */
export const nothingDropped = (): Ledger['dropped'] => ({ overflow: 0, refused: 0, rejected: 0, ended: 0 });

/** Samples given up, for whatever reason. */
export const droppedIn = ({ dropped }: Ledger): number =>
  Object.values(dropped).reduce((sum, count) => sum + count, 0);
