import {
  batchOf,
  HOUR_S,
  type SimulatedHost,
  simulatedFleet,
  speaks,
} from '../../scripts/bench/fleet/simulated-fleet.mjs';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { keepUp } from '../../src/fleet/store/upkeep.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import { eventsView, hostsView, outliersView, overviewView } from '../../src/fleet/views.ts';
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
      await writeDelivery(store, { stream: 'fleet', received, refused: [] });
    }
  }
  await keepUp(
    store,
    { retainSamples: Infinity, retainMinutes: Infinity, retainHours: Infinity },
    NOW_S * 1000,
  );
  return hosts;
}

/** What the fleet's views name, by what it is: hosts, sites or kernels; nothing else is said of a quiet fleet. */
export async function named(store: FleetStore): Promise<Record<string, readonly string[]>> {
  const nowMs = NOW_S * 1000;
  const page = { where: [], limit: 10_000, offset: 0 };
  const { moves, kernels, clockErrors } = await overviewView(store, nowMs);
  const names = (rows: readonly { readonly hostname: string }[]) => rows.map(({ hostname }) => hostname);
  const off = await hostsView(store, nowMs, { ...page, limit: 10, order: 'clock-error', descending: true });
  const { events } = await eventsView(store, {
    ...page,
    fromNs: BigInt(NOW_S - WEEK_S) * 1_000_000_000n,
    toNs: BigInt(NOW_S + WEEK_S) * 1_000_000_000n,
  });
  const found: Record<string, readonly string[]> = {
    outlier: names(
      (await outliersView(store, nowMs, page)).hosts.filter(({ standing }) => standing?.outlier),
    ),
    'rate changed': moves.flatMap(({ hostname }) => hostname ?? []),
    'reference moved': moves.flatMap(({ host, site }) => (host === null ? site : [])),
    twin: names((await hostsView(store, nowMs, { ...page, twins: true })).hosts),
    silent: names((await hostsView(store, nowMs, { ...page, silent: true })).hosts),
    'wrong clock': names(off.hosts.slice(0, clockErrors)),
    'catches up': kernels.flatMap(({ kernel, catchesUp }) => (catchesUp > 0 ? kernel : [])),
  };
  for (const { kind, hostname } of events) found[kind] = [...(found[kind] ?? []), hostname];
  return Object.fromEntries(
    Object.entries(found).flatMap(([what, whose]) => (whose.length === 0 ? [] : [[what, whose.toSorted()]])),
  );
}

/** What is to be named of hosts with these faults. */
export function seeded(hosts: readonly SimulatedHost[]): Record<string, readonly string[]> {
  const victims = (...faults: string[]) =>
    hosts.filter((host) => faults.some((one) => host.faults.includes(one)));
  const of = (...faults: string[]) =>
    victims(...faults)
      .map(({ hostname }) => hostname)
      .toSorted();
  const [clone] = victims('clone');
  const twins = hosts.filter(({ id }) => id === clone?.id).map(({ hostname }) => hostname);
  return {
    outlier: of('outlier'),
    'rate changed': of('jump'),
    'reference moved': [hosts.find(({ movedS }) => movedS !== null)?.site ?? ''],
    twin: twins.toSorted(),
    silent: of('silent'),
    'wrong clock': of('clock'),
    'catches up': victims('old').map(({ kernel }) => kernel),
    step: of('step'),
    reboot: of('reboot', 'kernel'),
    'kernel-change': of('kernel'),
    'clocksource-change': of('clocksource', 'unstable'),
    'tsc-unstable': of('unstable'),
  };
}
