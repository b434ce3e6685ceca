import type { Registry as MetricsRegistry } from 'prom-client';
import type { ListenAddress } from '../../agent/config/listen-address.ts';
import type { TlsFiles } from '../../agent/config/tls.ts';
import { rulesOf } from '../../agent/http/guard.ts';
import { type Line, metricsIn, Registry, scrapeReply } from '../../agent/http/prometheus.ts';
import { healthReply } from '../../agent/http/reply.ts';
import { createSite, type Handler, listen } from '../../agent/http/server.ts';
import type { Log } from '../../agent/log.ts';
import type { FleetOverview } from '../../schema/fleet.ts';
import type { FleetHealth, FleetLedger } from '../../schema/fleet-hub.ts';
import { version } from '../../version.ts';
import type { Collector } from './collector.ts';

/** What a collector serves from. */
export interface CollectorView {
  readonly collector: Collector;
  readonly hub: string;
  readonly db: string;
  readonly token: string | null;
  readonly hostNames: readonly string[];
  readonly log: Log;
  /** Where every message is; null while the hub or the store does not answer. */
  ledger(): Promise<FleetLedger | null>;
  /** What there is to know of the fleet; null while the store does not answer. */
  overview(): Promise<FleetOverview | null>;
}

/** A lag that is longer than this is told as trouble: the collectors do not keep up. */
const LONG_LAG_MS = 300_000;

/** What `/healthz` answers. */
async function healthOf({ collector, hub, db, ledger }: CollectorView): Promise<FleetHealth> {
  const { lagMs } = collector.state;
  const { ok, reason, code, since } = collector.trouble.state;
  const late = lagMs !== null && lagMs > LONG_LAG_MS;
  const lateReason = late ? `the newest batch stored was ${Math.round(lagMs / 1000)} s old` : null;
  return {
    status: ok && !late ? 'ok' : 'degraded',
    reason: reason ?? lateReason,
    code,
    since,
    hub,
    db,
    lagSeconds: lagMs === null ? null : lagMs / 1000,
    ledger: await ledger(),
  };
}

function registryOf({ collector, ledger, overview }: CollectorView): MetricsRegistry {
  const registry = new Registry();
  const { gauge, counter } = metricsIn(registry);
  const states = (counts: Readonly<Record<string, number>>): Line[] =>
    Object.entries(counts).map(([state, count]) => [{ state }, count]);
  const { here } = collector.state;
  gauge(
    'tscope_build_info',
    'A constant 1, labelled by the version.',
    () => [[{ version, node: process.version }, 1]],
    ['version', 'node'],
  );
  counter('tscope_fleet_batches_total', 'Batches stored by this collector.', () => here.batches);
  counter('tscope_fleet_rollups_total', 'Minutes and hours stored by this collector.', () => here.rollups);
  counter(
    'tscope_fleet_refused_total',
    'Messages put aside by this collector, because they could not be read.',
    () => here.refused,
  );
  counter(
    'tscope_fleet_redelivered_total',
    'Messages that came again: a collector was killed, or its acknowledgement was lost.',
    () => here.again,
  );
  counter('tscope_fleet_transactions_total', 'Transactions committed.', () => here.transactions);
  counter(
    'tscope_fleet_failures_total',
    'Failed attempts to collect.',
    () => collector.trouble.state.failures,
  );
  gauge('tscope_fleet_up', '1 while messages are collected, else 0.', () =>
    Number(collector.trouble.state.ok),
  );
  gauge('tscope_fleet_lag_seconds', 'How long ago the hub took the newest message that was stored.', () => {
    const { lagMs } = collector.state;
    return lagMs === null ? null : lagMs / 1000;
  });
  gauge(
    'tscope_fleet_messages',
    'Messages that the hub ever took (received), and where they are: stored, refused, waiting, expired.',
    async () => states({ ...(await ledger()) }),
    ['state'],
  );
  gauge('tscope_fleet_judged_timestamp_seconds', 'When the whole fleet was last judged.', async () => {
    const at = (await overview())?.concludedAt ?? null;
    return at === null ? null : Date.parse(at) / 1000;
  });
  gauge(
    'tscope_fleet_hosts',
    'Hosts of the whole fleet: all that were ever heard from, and by what is wrong with them.',
    async () => {
      const view = await overview();
      if (view === null) return [];
      const { hosts, silent, twins, clockErrors, outliers, moves, kernels } = view;
      return states({
        known: hosts,
        silent,
        twin: twins,
        wrong_clock: clockErrors,
        outlier: outliers,
        rate_changed: moves.filter(({ host }) => host !== null).length,
        catches_up: kernels.reduce((sum, { catchesUp }) => sum + catchesUp, 0),
      });
    },
    ['state'],
  );
  gauge('process_resident_memory_bytes', 'Resident memory size.', () => process.memoryUsage.rss());
  counter('process_cpu_seconds_total', 'User and system CPU time spent.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  return registry;
}

/**
 * Serves health and metrics of a collector, and what else is asked for.
 *
 * @param pages more routes, by exact path.
 * @returns the address with the port that was taken, and what ends it.
 * @throws TscopeError IO where the address cannot be had.
 */
export async function serveCollector(
  view: CollectorView,
  address: ListenAddress,
  tls: TlsFiles | null,
  pages: ReadonlyMap<string, Handler>,
): Promise<{ readonly address: ListenAddress; close(): void }> {
  const registry = registryOf(view);
  const routes = new Map<string, Handler>([
    ...pages,
    ['/metrics', () => scrapeReply(registry)],
    ['/healthz', async () => healthReply(await healthOf(view))],
  ]);
  const server = createSite(
    {
      routes,
      probe: {
        path: '/healthz',
        reply: () => healthReply({ status: view.collector.trouble.state.ok ? 'ok' : 'degraded' }),
      },
      rules: () => rulesOf(view.token, view.hostNames),
      log: view.log,
    },
    tls,
  );
  const bound = await listen(server, address);
  return {
    address: bound,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
