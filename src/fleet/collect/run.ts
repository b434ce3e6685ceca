import { setTimeout as sleep } from 'node:timers/promises';
import type { HubAccess } from '../../agent/config/hub.ts';
import { formatListenAddress, type ListenAddress } from '../../agent/config/listen-address.ts';
import type { TlsFiles } from '../../agent/config/tls.ts';
import { KeptAnswers } from '../../agent/kept-answers.ts';
import type { Log } from '../../agent/log.ts';
import { faultOf, Trouble } from '../../agent/trouble.ts';
import { TscopeError } from '../../errors.ts';
import type { FleetOverview } from '../../schema/fleet.ts';
import type { FleetCollectResult } from '../../schema/fleet-hub.ts';
import type { Grouping } from '../judge/conclude.ts';
import { startJudge } from '../judge/judge.ts';
import { fleetRoutes, KEPT_MS } from '../pages.ts';
import type { FleetRetention, FleetStore } from '../store/fleet-store.ts';
import { openFleetStore } from '../store/open.ts';
import { ledgerOf, settledOf } from '../store/settled.ts';
import { keepUp } from '../store/upkeep.ts';
import { overviewView } from '../views.ts';
import { Collector } from './collector.ts';
import { serveCollector } from './serve.ts';

/** Between two passes of upkeep. */
const UPKEEP_MS = 30_000;
/** Between two attempts to open a database that is away. */
const AGAIN_MS = 2_000;
/** What is under way has this long to end. */
const GRACE_MS = 8_000;

/** What a collector is asked to do. */
export interface CollectOptions {
  readonly access: HubAccess;
  /** As `openFleetStore` takes it. */
  readonly db: string;
  readonly retention: FleetRetention;
  readonly grouping: Grouping;
  /** Where pages, metrics and health are; null for nowhere. */
  readonly site: {
    readonly address: ListenAddress;
    readonly tls: TlsFiles | null;
    readonly token: string | null;
    readonly hostNames: readonly string[];
  } | null;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => {});
const inTime = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(GRACE_MS, undefined, { ref: false })]);

/** Waits for a database that is away, or busy, until it is there: both may be started in any order. */
async function openPatiently(db: string, signal: AbortSignal, log: Log): Promise<FleetStore> {
  const trouble = new Trouble(log, 'the database is there');
  for (;;) {
    try {
      const store = await openFleetStore(db);
      trouble.better();
      return store;
    } catch (error) {
      if (!(error instanceof TscopeError) || error.code !== 'STORE_BUSY' || signal.aborted) throw error;
      trouble.worse(error, { hint: error.hint });
      await pause(AGAIN_MS, signal);
    }
  }
}

async function keepUpUntil(signal: AbortSignal, store: FleetStore, retention: FleetRetention, log: Log) {
  const trouble = new Trouble(log, 'upkeep works again');
  while (!signal.aborted) {
    try {
      const { twins, dropped } = await keepUp(store, retention, Date.now());
      for (const { host, hostnames } of twins) {
        log('warn', 'several machines publish under one name; their data are kept apart', {
          host,
          hostnames,
        });
      }
      if (dropped > 0) log('info', 'what was too old was dropped', { partitionsOrRows: dropped });
      trouble.better();
    } catch (error) {
      const { code, message } = faultOf(error);
      trouble.worse({ code, message: `upkeep failed: ${message}` });
    }
    await pause(UPKEEP_MS, signal);
  }
}

/**
 * Collects, serves, judges and keeps up until `signal`.
 *
 * @param startedAt of the process, as the pages tell it.
 * @throws TscopeError whatever waiting does not mend; the database's fault where `signal` comes before it is there.
 */
export async function runCollector(
  { access, db, retention, grouping, site }: CollectOptions,
  signal: AbortSignal,
  startedAt: Date,
  log: Log,
): Promise<FleetCollectResult> {
  const begun = performance.now();
  const store = await openPatiently(db, signal, log);
  const collector = new Collector(access, store, log);
  const hub = access.servers.join(',');
  const ledger = async () => {
    const { hub: state } = collector.state;
    if (state === null) return null;
    const settled = await settledOf(store, collector.stream).catch(() => null);
    return settled === null ? null : ledgerOf(state.received, state.waiting, settled);
  };
  let served: { close(): void } | null = null;
  let endJudge = async (): Promise<void> => {};
  try {
    if (site !== null) {
      const { address, tls, token, hostNames } = site;
      const overviews = new KeptAnswers<FleetOverview>(1);
      const overview = () =>
        overviews.get('', KEPT_MS, () => overviewView(store, Date.now())).catch(() => null);
      const view = { collector, hub, db: store.place, token, hostNames, log, ledger, overview };
      const serving = await serveCollector(view, address, tls, fleetRoutes(store, startedAt));
      served = serving;
      const url = `${tls === null ? 'http' : 'https'}://${formatListenAddress(serving.address)}/`;
      log('info', 'serving', { url });
    }
    log('info', 'started', { hub, db: store.place });
    endJudge = startJudge({ db, grouping }, log);
    const upkeep = keepUpUntil(signal, store, retention, log);
    signal.addEventListener('abort', () => collector.end());
    if (signal.aborted) collector.end();
    await collector.run();
    await inTime(upkeep);
  } finally {
    served?.close();
    await inTime(endJudge());
  }
  const { batches, rollups, refused } = collector.state.here;
  const result = {
    hub,
    db: store.place,
    durationNs: (performance.now() - begun) * 1e6,
    batches,
    rollups,
    refused,
    ledger: await ledger(),
  };
  await inTime(store.close());
  log('info', 'stopped', { batches, refused });
  return result;
}
