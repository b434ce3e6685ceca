import {
  batchOf,
  HOUR_S,
  type SimulatedHost,
  simulatedFleet,
  speaks,
} from '../../scripts/bench/fleet/simulated-fleet.mjs';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { fleetBatchSchema } from '../../src/schema/fleet-batch.ts';

/** A whole hour, so that a week before it is one of whole hours too. */
export const NOW_S = Date.UTC(2026, 0, 12, 12) / 1000;
export const WEEK_S = 7 * 24 * HOUR_S;
/** When faults begin: two days before the end. */
export const FAULT_S = NOW_S - 48 * HOUR_S;

/** Fills a store with a week of hours of simulated hosts. */
export async function simulate(
  store: FleetStore,
  options: { hosts: number; seed?: number; faults?: readonly string[] },
): Promise<SimulatedHost[]> {
  const startS = NOW_S - WEEK_S;
  const hosts = simulatedFleet({ ...options, startS, atS: FAULT_S });
  let sequence = 0;
  const stretches = [
    { fromS: startS, toS: FAULT_S, first: true },
    { fromS: FAULT_S, toS: NOW_S, first: false },
  ];
  for (const stretch of stretches) {
    for (let at = 0; at < hosts.length; at += 50) {
      const received = hosts
        .slice(at, at + 50)
        .filter((host) => speaks(host, stretch.fromS))
        .map((host) => {
          sequence += 1;
          const batch = fleetBatchSchema.parse(batchOf(host, { ...stretch, hoursOnly: true }));
          return { batch, sequence, receivedAtMs: stretch.toS * 1000 };
        });
      await store.write({ stream: 'fleet', received, refused: [] });
    }
  }
  await store.upkeep({ samplesDays: null, minutesDays: null, hoursDays: null }, NOW_S * 1000);
  return hosts;
}
