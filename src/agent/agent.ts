import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TscopeError } from '../errors.ts';
import type { Retention } from '../store/retention.ts';
import { usedBytes } from '../store/retention.ts';
import { formatDuration } from '../units.ts';
import { nowOf, stabilityOf } from './api/now.ts';
import { apiRoutes } from './api/routes.ts';
import { formatListenAddress, type ListenAddress } from './config/listen-address.ts';
import type { Config } from './config/read-config.ts';
import type { Settings } from './config/settings.ts';
import { type Health, healthOf } from './health.ts';
import { LiveClients } from './http/live.ts';
import { createMetrics } from './http/metrics.ts';
import { jsonReply } from './http/reply.ts';
import { createSite, type Handler, listen } from './http/server.ts';
import type { Log } from './log.ts';
import { pageRoutes } from './page/routes.ts';
import { becomeUser, isRoot } from './privileges.ts';
import { Journal } from './recording/journal.ts';
import { Recorder } from './recording/recorder.ts';
import type { SamplingMessage, SamplingOptions } from './sampling/messages.ts';
import { Supervisor } from './sampling/supervisor.ts';
import { type AgentState, absorb, initialState } from './state.ts';

/** Between two passes of roll-up and retention. */
const MAINTENANCE_MS = 10 * 60_000;
/** The time that open answers have to end in. */
const GRACE_MS = 1_000;

/** Settings that take effect at the next start only. */
const FIXED = ['listen', 'db', 'user'] as const;

const samplingOptions = ({ interval, clocks, reference, recalibrate }: Settings): SamplingOptions => ({
  interval,
  clocks,
  reference,
  recalibrate,
});

const HOURS_KEPT = 10n;

/** Samples for as long as asked, minutes and hours ten times as long. */
function retentionOf({ retain, maxSize }: Settings): Retention {
  const samplesNs = BigInt(retain);
  const longer = samplesNs * HOURS_KEPT;
  return { samplesNs, minutesNs: longer, hoursNs: longer, maxBytes: maxSize };
}

/** The daemon: everything that runs between `start` and `stop`. */
export class Agent {
  readonly state: AgentState = initialState(new Date());
  readonly #log: Log;
  readonly #live = new LiveClients();
  #config: Config;
  #recorder: Recorder | null = null;
  #journal: Journal | null = null;
  #supervisor: Supervisor | null = null;
  #server: Server | null = null;
  #maintenance: NodeJS.Timeout | null = null;

  /** Rejects where the host cannot be sampled at all; never resolves. */
  readonly failed: Promise<never>;
  #fail: (error: TscopeError) => void = () => {};

  constructor(config: Config, log: Log) {
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever waits for it is told; until then it must not end the process.
    this.failed.catch(() => {});
    this.#config = config;
    this.#log = log;
  }

  /**
   * Listens, gives up privileges, opens the store and starts to sample, in this order.
   *
   * @returns the address that it serves on.
   * @throws TscopeError where one of them cannot be done.
   */
  async start(): Promise<ListenAddress> {
    const { settings, warnings } = this.#config;
    for (const { message, hint } of warnings) this.#log('warn', message, { hint });
    this.#server = this.#createServer();
    const address = await listen(this.#server, settings.listen);
    if (settings.user !== undefined) becomeUser(settings.user);
    else if (isRoot()) this.#log('warn', 'runs as root, which it does not need; --user NAME gives that up');
    process.umask(0o027);
    this.#recorder = new Recorder(settings.db, this.#log);
    this.#journal = new Journal(this.#recorder);
    this.#supervisor = new Supervisor(samplingOptions(settings), this.#log, (message) => this.#hear(message));
    this.#supervisor.start();
    this.#maintenance = setInterval(() => this.#maintain(), MAINTENANCE_MS);
    this.#log('info', 'started', {
      url: `http://${formatListenAddress(address)}/`,
      db: settings.db,
      interval: formatDuration(BigInt(settings.interval)),
      token: this.#config.token !== null,
    });
    return address;
  }

  /** Takes a new configuration; what cannot change while it runs stays as it is, and the log says so. */
  async reload(config: Config): Promise<void> {
    const before = this.#config.settings;
    const fixed = FIXED.filter(
      (name) => JSON.stringify(config.settings[name]) !== JSON.stringify(before[name]),
    );
    const kept = Object.fromEntries(FIXED.map((name) => [name, before[name]]));
    this.#config = { ...config, settings: { ...config.settings, ...kept } };
    if (fixed.length > 0)
      this.#log('warn', 'these settings change at the next start only', { settings: fixed });
    const options = samplingOptions(this.#config.settings);
    const changed = JSON.stringify(options) !== JSON.stringify(samplingOptions(before));
    if (changed) await this.#supervisor?.restart(options);
    this.#log('info', 'configuration reloaded', { file: config.file, newRun: changed });
  }

  /** Stops sampling, stores what there is, and closes. @returns samples that could not be stored. */
  async stop(): Promise<number> {
    if (this.#maintenance !== null) clearInterval(this.#maintenance);
    await this.#supervisor?.stop();
    this.#journal?.end();
    this.#recorder?.close();
    const notStored = this.#recorder?.health.pending ?? 0;
    this.#live.close();
    const server = this.#server;
    if (server !== null) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
      server.closeAllConnections();
    }
    this.#log('info', 'stopped', { samples: this.state.samples, notStored });
    return notStored;
  }

  #health(): Health {
    const store = this.#recorder?.health ?? {
      ok: true,
      reason: null,
      code: null,
      since: null,
      pending: 0,
      dropped: 0,
      failures: 0,
    };
    return healthOf(this.state, store, this.#config.settings.interval);
  }

  #hear(message: SamplingMessage): void {
    absorb(this.state, message);
    if (message.kind === 'failed' && this.state.samples === 0 && message.code !== 'DEFECT') {
      this.#fail(new TscopeError(message.code, message.message, message.hint));
    }
    if (message.kind === 'started') {
      const options = samplingOptions(this.#config.settings);
      this.#journal?.begin(message, this.state.calibrated?.pairs ?? [], options);
      this.#log('info', 'run started', { tscHz: message.nominal.hz, tscHzSource: message.nominal.source });
      if (this.#live.size > 0) this.#live.tell('hello', this.#now());
    } else if (message.kind === 'sample') {
      const events = this.#journal?.add(message) ?? [];
      for (const { kind, detail, clock } of events) this.#log('info', 'event', { kind, detail, clock });
      if (this.#live.size > 0)
        this.#live.tell('sample', { at: message.atMs / 1000, now: this.#now(), events });
    }
  }

  #now() {
    return nowOf(this.state, this.#health(), this.#config.settings.interval);
  }

  #maintain(): void {
    this.#recorder?.maintain(retentionOf(this.#config.settings));
  }

  #createServer(): Server {
    const metrics = createMetrics({
      state: this.state,
      health: () => this.#health(),
      storeBytes: () => (this.#recorder?.store == null ? null : usedBytes(this.#recorder.store)),
      liveClients: () => this.#live.size,
    });
    const api = apiRoutes({
      startedAt: this.state.startedAt,
      now: () => this.#now(),
      stability: () => stabilityOf(this.state),
      store: () => this.#recorder?.store ?? null,
    });
    const own: [string, Handler][] = [
      ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.metrics() })],
      [
        '/healthz',
        () => {
          const health = this.#health();
          return jsonReply(health, health.status === 'ok' ? 200 : 503);
        },
      ],
    ];
    return createSite({
      routes: new Map([...own, ...api, ...pageRoutes()]),
      live: { path: '/api/v1/live', clients: this.#live, greeting: () => this.#now() },
      rules: () => ({
        token: this.#config.token,
        hostNames: [hostname(), ...this.#config.settings.hostNames].map((name) => name.toLowerCase()),
      }),
      log: this.#log,
    });
  }
}
