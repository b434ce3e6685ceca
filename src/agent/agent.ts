import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TscopeError } from '../errors.ts';
import type { AgentHealth } from '../schema/agent-api.ts';
import { retentionFor } from '../store/retention.ts';
import { formatDuration } from '../units.ts';
import { apiRoutes } from './api/routes.ts';
import { formatListenAddress, type ListenAddress } from './config/listen-address.ts';
import type { Config } from './config/read-config.ts';
import { needsToken, type Settings } from './config/settings.ts';
import { checkToken } from './config/token.ts';
import { healthOf } from './health.ts';
import { rulesOf } from './http/guard.ts';
import { LiveClients } from './http/live.ts';
import { createMetrics } from './http/metrics.ts';
import { scrapeReply } from './http/prometheus.ts';
import { healthReply, type Reply } from './http/reply.ts';
import { createSite, type Handler, listen } from './http/server.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { Log } from './log.ts';
import { pageRoutes } from './page/routes.ts';
import { becomeUser, isRoot } from './privileges.ts';
import { type Push, sendOtlp, writeTextfile } from './push/push.ts';
import type { PairRecord, SamplingMessage, SamplingOptions } from './sampling/messages.ts';
import { Supervisor } from './sampling/supervisor.ts';
import { serviceManager } from './service-manager.ts';
import {
  fleetCalibration,
  partsShipped,
  type Shipping,
  type StartShipping,
  shippingView,
} from './shipping-view.ts';
import { type AgentState, absorb, initialState, nowOf } from './state.ts';
import { type Ledger, StoreQueue } from './storing/store-queue.ts';

/** Between two passes of roll-up and retention. */
const MAINTENANCE_MS = 10 * 60_000;
/** The time that open answers have to end in. */
const GRACE_MS = 1_000;
/** The time that the store has to take what waits when the agent ends; systemd waits for ten seconds. */
const STORING_MS = 3_000;
/** The time that the last batch has to be acknowledged in. */
const SHIPPING_MS = 2_000;
/** A store that answers nothing for this long stands still: a disk that hangs. */
const STUCK_MS = 30_000;
/** Scrapes within this time get the same answer. */
const SCRAPE_MS = 50;

/** Settings that take effect at the next start only. */
const FIXED = [
  'listen',
  'db',
  'user',
  'textfile',
  'otlp',
  'hub',
  'hubCredentials',
  'hubCa',
  'label',
  'ship',
] as const;

const samplingOptions = ({ interval, clocks, reference, recalibrate }: Settings): SamplingOptions => ({
  interval,
  clocks,
  reference,
  recalibrate,
});

/** A daemon that runs. */
export interface Agent {
  /** Where it serves. */
  readonly address: ListenAddress;
  readonly state: Readonly<AgentState>;
  /** Rejects where the host cannot be sampled, or the file turns out to be no store; never resolves. */
  readonly failed: Promise<never>;
  /** The configuration that is in effect. */
  readonly config: Config;
  /**
   * Takes a new configuration, once the one before is taken; what cannot change while it runs stays as it is, and the log says so.
   *
   * @throws TscopeError USAGE where the new one does not fit what stays.
   */
  reload(config: Config): Promise<void>;
  /** Ends sampling, stores what there is, and closes. @returns where every sample is. */
  end(): Promise<Ledger>;
}

/** What stays while it runs, and what the new configuration says of the rest. */
function merged(before: Config, next: Config): { config: Config; fixed: string[] } {
  const differs = (name: (typeof FIXED)[number]) =>
    JSON.stringify(next.settings[name]) !== JSON.stringify(before.settings[name]);
  const kept = Object.fromEntries(FIXED.map((name) => [name, before.settings[name]]));
  const config = { ...next, settings: { ...next.settings, ...kept } };
  const tlsChanged = (before.tls === null) !== (next.tls === null);
  return { config, fixed: [...FIXED.filter(differs), ...(tlsChanged ? ['tlsCert', 'tlsKey'] : [])] };
}

/**
 * Listens, gives up privileges, opens the store and starts to sample, in this order: three threads that wait for one
 * another only by messages. This one serves; one samples; one has the store.
 *
 * @throws TscopeError where one of them cannot be done.
 */
export async function startAgent(
  initial: Config,
  log: Log,
  startShipping: StartShipping | null = null,
): Promise<Agent> {
  let config = initial;
  const { settings } = initial;
  const state = initialState(new Date());
  const live = new LiveClients();
  const shippedParts = initial.hub === null ? null : partsShipped(initial);
  let fail: (error: TscopeError) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits for it is told; until then it must not end the process.
  failed.catch(() => {});
  for (const { message, hint } of initial.warnings) log('warn', message, { hint });

  const store = new StoreQueue(settings.db, log);
  let shipping: Shipping | null = null;
  const health = (): AgentHealth =>
    healthOf(state, store.health, store.ledger, config.settings.interval, shipping?.health ?? null);
  const now = () => nowOf(state, health(), config.settings.interval);
  const metrics = createMetrics({
    state,
    health,
    storeBytes: () => store.usedBytes,
    liveClients: () => live.size,
  });
  const scrapes = new KeptAnswers<Reply>(1);
  const site = {
    routes: new Map<string, Handler>([
      ['/metrics', () => scrapes.get('', SCRAPE_MS, () => scrapeReply(metrics.registry))],
      ['/healthz', () => healthReply(health())],
      ...apiRoutes({ startedAt: state.startedAt, now, store }),
      ...pageRoutes(),
    ]),
    live: { path: '/api/v1/live', clients: live, greeting: now },
    probe: { path: '/healthz', reply: () => healthReply({ status: health().status }) },
    rules: () => rulesOf(config.token, config.settings.hostNames),
    log,
  };
  const server = createSite(site, initial.tls);
  const address = await listen(server, settings.listen);

  try {
    if (settings.user !== undefined) becomeUser(settings.user);
    else if (isRoot()) log('warn', 'runs as root, which it does not need; `user` gives that up');
    process.umask(0o027);
    await store.open(fail);
  } catch (error) {
    await store.close(0);
    await closeServer(server, live);
    throw error;
  }

  let analysing = false;
  const analyse = async (records: readonly PairRecord[]): Promise<void> => {
    if (analysing) return;
    analysing = true;
    const before = state.stability;
    const stability = await store.stabilityOf(records);
    analysing = false;
    // Where sampling began anew meanwhile they are those of another run.
    if (stability !== null && state.stability === before) state.stability = stability;
  };
  const hear = (message: SamplingMessage): void => {
    absorb(state, message);
    if (message.kind === 'records') void analyse(message.pairs);
    if (message.kind === 'calibrated') {
      const atMs = Date.now();
      store.calibrated(atMs, JSON.stringify(fleetCalibration(message, atMs)));
    }
    if (message.kind === 'started') {
      store.begin(message, state.calibrated?.pairs ?? [], samplingOptions(config.settings));
      log('info', 'run started', { tscHz: message.nominal.hz, tscHzSource: message.nominal.source });
      if (live.size > 0) live.tell('hello', now());
    } else if (message.kind === 'sample') {
      metrics.observe(message.lateNs);
      const events = store.add(message);
      for (const { kind, detail, clock } of events) log('info', 'event', { kind, detail, clock });
      if (live.size > 0) live.tell('sample', { at: message.atMs / 1000, now: now(), events });
    }
  };
  const supervisor = new Supervisor(samplingOptions(settings), log, {
    onMessage: hear,
    onFailure: (reason, refusal) => {
      state.samplingFailure = reason;
      // A host that never could be sampled is a reason to end; one that could is waited for.
      if (refusal !== null && state.samples === 0) fail(refusal);
    },
  });
  const maintenance = setInterval(() => {
    const { retain, maxSize } = config.settings;
    void store.maintain(retentionFor(BigInt(retain), maxSize), shippedParts);
  }, MAINTENANCE_MS);
  const pushes: Push[] = [];
  if (settings.textfile !== undefined) pushes.push(writeTextfile(settings.textfile, metrics.registry, log));
  if (settings.otlp !== undefined) {
    pushes.push(await sendOtlp(settings.otlp, metrics.registry, state.startedAt, log));
  }
  if (startShipping !== null && initial.hub !== null) {
    shipping = startShipping(shippingView(initial, initial.hub, store, log));
    log('info', 'ships to the hub', { hub: initial.hub.servers.join(','), host: initial.hub.word });
  }
  const manager = serviceManager(process.env, () => health().sampling.ok && store.stuckMs < STUCK_MS, log);
  log('info', 'started', {
    url: `${initial.tls === null ? 'http' : 'https'}://${formatListenAddress(address)}/`,
    db: settings.db,
    interval: formatDuration(BigInt(settings.interval)),
    token: config.token !== null,
  });
  manager.ready();

  let ended = false;
  const reload = async (next: Config): Promise<void> => {
    if (ended) return;
    const before = config;
    const { config: after, fixed } = merged(before, next);
    // The address that it goes on listening on decides whether a token is needed.
    checkToken(after.token, needsToken(after.settings), after.settings.listen);
    config = after;
    for (const { message, hint } of next.warnings) log('warn', message, { hint });
    if (fixed.length > 0) log('warn', 'these settings change at the next start only', { settings: fixed });
    if (after.tls !== null && initial.tls !== null) (server as TlsServer).setSecureContext(after.tls);
    const options = samplingOptions(after.settings);
    const changed = JSON.stringify(options) !== JSON.stringify(samplingOptions(before.settings));
    if (changed) await supervisor.restart(options);
    log('info', 'configuration reloaded', { file: after.file, newRun: changed });
  };
  return {
    address,
    state,
    failed,
    get config() {
      return config;
    },
    reload,
    end: async () => {
      ended = true;
      clearInterval(maintenance);
      manager.ending();
      await supervisor.end();
      await Promise.all(pushes.map((push) => push.end()));
      await shipping?.end(SHIPPING_MS);
      await store.close(STORING_MS);
      await closeServer(server, live);
      const { ledger } = store;
      const { taken, stored, waiting, dropped } = ledger;
      log('info', 'stopped', { taken, stored, waiting, dropped });
      return ledger;
    },
  };
}

async function closeServer(server: Server, live: LiveClients): Promise<void> {
  live.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}
