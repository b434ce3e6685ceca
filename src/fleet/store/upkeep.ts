import type { FleetRetention, FleetStore } from './fleet-store.ts';
import { mergeSettled } from './settled.ts';
import { separateTwins } from './twins.ts';

/** What a pass of upkeep did. */
export interface Upkeep {
  /** Words under which several hosts were found to publish at the same time, since the last pass. */
  readonly twins: readonly { readonly host: string; readonly hostnames: readonly string[] }[];
  /** Rows or partitions that were dropped because of their age. */
  readonly dropped: number;
}

/** Separates hosts of one name, drops what is too old, and gets ready for what comes. */
export const keepUp = async (
  store: FleetStore,
  retention: FleetRetention,
  nowMs: number,
): Promise<Upkeep> => {
  const done = await store.alone(async () => {
    const twins = await separateTwins(store);
    await store.transaction(mergeSettled);
    return { twins, dropped: await store.dropOld(retention, nowMs) };
  });
  return done ?? { twins: [], dropped: 0 };
};
