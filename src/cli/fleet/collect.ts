import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from '@commander-js/extra-typings';
import { formatListenAddress, isLoopback, parseListenAddress } from '../../agent/config/listen-address.ts';
import { readTls } from '../../agent/config/tls.ts';
import { checkToken, readToken } from '../../agent/config/token.ts';
import { boundedLog, jsonLog } from '../../agent/log.ts';
import { TscopeError, usageError } from '../../errors.ts';
import type { FleetStore } from '../../fleet/store/fleet-store.ts';
import { fleetCollectText } from '../../report/kinds/fleet-hub.ts';
import type { FleetOverview } from '../../schema/fleet.ts';
import { LABEL_KEY } from '../../schema/fleet-batch.ts';
import type { FleetCollectResult } from '../../schema/fleet-hub.ts';
import { defineCommand } from '../command.ts';
import { list } from '../options.ts';
import { hubAccess, hubOptions } from './hub-options.ts';

const HELP = `
Takes what agents sent to a hub and stores it, until SIGTERM or Ctrl-C. A message is acknowledged once it is stored, so
a collector that is killed neither loses nor doubles anything; several share the work. The log goes to stderr, a JSON
object a line. --listen serves the fleet's pages, /metrics and /healthz, by the rules of the agent: other than loopback
needs a token. The whole fleet is judged (outliers, references that moved, kernels) every half minute, a large one every
ten minutes, by one of the collectors. Peers, which a host's rate is held against, are the hosts of its CPU model and nominal
rate, and with --peers those with the same values of those labels too.
The database's password is taken from PGPASSWORD or ~/.pgpass, not from the command line, which every user can read.

Examples:
  tscope fleet collect --hub nats://127.0.0.1:4222 --db fleet.db
  tscope fleet collect --hub tls://hub-1:4222 --hub-credentials keys/collector.json --db postgres://tscope@db/fleet --listen 127.0.0.1:9798`;

/** Between two passes of upkeep. */
const UPKEEP_MS = 30_000;
/** Between two attempts to open a database that is away. */
const AGAIN_MS = 2_000;
/** What is under way has this long to end. */
const GRACE_MS = 8_000;

const log = boundedLog(jsonLog((line) => process.stderr.write(line)));

/** Not null for forever, which commander takes for a parser that failed. */
const days = (text: string): number => {
  if (text === 'forever') return Number.POSITIVE_INFINITY;
  const [, digits] = /^(\d{1,5})d$/.exec(text) ?? [];
  if (digits !== undefined && Number(digits) > 0) return Number(digits);
  throw usageError(`'${text}' is not a number of days, as in 90d, nor forever.`);
};

const label = (text: string): string => {
  if (LABEL_KEY.test(text)) return text;
  throw usageError(`'${text.slice(0, 40)}' is not the name of a label; give one as in --label site=ber.`);
};

/**
 * Opens the fleet store, and waits for a database that is away, or busy, until it is there: both may be started in any order.
 *
 * @throws TscopeError whatever waiting does not mend; the last fault where `signal` comes first.
 */
async function openPatiently(open: () => Promise<FleetStore>, signal: AbortSignal): Promise<FleetStore> {
  for (let said = ''; ; ) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof TscopeError) || error.code !== 'STORE_BUSY' || signal.aborted) throw error;
      const { message, code, hint } = error;
      if (message !== said) log('error', message, { code, hint });
      said = message;
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }
}

export const command = defineCommand({
  name: 'fleet collect',
  summary: "stores what a hub's hosts sent, in PostgreSQL or an SQLite file, and serves its metrics",
  needsHost: false,
  endsBySignal: true,
  db: 'own',
  configure: (command) =>
    hubOptions(command, 'who collects')
      .requiredOption('--db <place>', 'postgres://user@host/database, or a file for SQLite')
      .addOption(
        new Option('--retain-samples <days>', 'how long single samples are kept, or forever')
          .argParser(days)
          .default(30, '30d'),
      )
      .addOption(
        new Option('--retain-minutes <days>', "how long each minute's summary is")
          .argParser(days)
          .default(90, '90d'),
      )
      .addOption(
        new Option('--retain-hours <days>', "how long each hour's summary is")
          .argParser(days)
          .default(3650, '3650d'),
      )
      .option('--site <label>', 'the label of the places that hosts take their time from', label, 'site')
      .option('--peers <labels>', 'labels that peers share, besides CPU model and nominal rate', list(label))
      .option(
        '--listen <address>',
        'serve pages, /metrics and /healthz there, as 127.0.0.1:9798',
        parseListenAddress,
      )
      .option('--token-file <file>', 'file whose first line is the token to ask for')
      .option('--tls-cert <file>', 'serve HTTPS with this certificate and its chain (PEM)')
      .option('--tls-key <file>', 'its private key (PEM)')
      .option('--host-names <names>', 'other names that browsers may use for this host')
      .addHelpText('after', HELP),
  run: async ({ signal, startedAt }, options) => {
    const begun = performance.now();
    const access = hubAccess(options);
    const { listen, tokenFile } = options;
    const token = readToken(tokenFile, process.env['TSCOPE_TOKEN']);
    if (listen !== undefined) checkToken(token, !isLoopback(listen.host), listen);
    const tls = readTls(options);
    const { openFleetStore } = await import('../../fleet/store/open.ts');
    const { Collector } = await import('../../fleet/collect/collector.ts');
    const { ledgerOf, settledOf } = await import('../../fleet/store/settled.ts');
    const { keepUp } = await import('../../fleet/store/upkeep.ts');
    const store = await openPatiently(() => openFleetStore(options.db), signal);
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
      if (listen !== undefined) {
        const { serveCollector } = await import('../../fleet/collect/serve.ts');
        const hostNames = options.hostNames?.split(',').map((name) => name.trim()) ?? [];
        const { fleetRoutes, KEPT_MS } = await import('../../fleet/pages.ts');
        const { overviewView } = await import('../../fleet/views.ts');
        const { KeptAnswers } = await import('../../agent/kept-answers.ts');
        const overviews = new KeptAnswers<FleetOverview>(1);
        const overview = () =>
          overviews.get('', KEPT_MS, () => overviewView(store, Date.now())).catch(() => null);
        const view = { collector, hub, db: store.place, token, hostNames, log, ledger, overview };
        const serving = await serveCollector(view, listen, tls, fleetRoutes(store, startedAt));
        served = serving;
        log('info', 'serving', {
          url: `${tls === null ? 'http' : 'https'}://${formatListenAddress(serving.address)}/`,
        });
      }
      log('info', 'started', { hub, db: store.place });
      const { startJudge } = await import('../../fleet/judge/judge.ts');
      const grouping = { site: options.site, peers: options.peers ?? [] };
      endJudge = startJudge({ db: options.db, grouping }, log);
      const upkeep = (async () => {
        let said: string | null = null;
        while (!signal.aborted) {
          try {
            const { twins, dropped } = await keepUp(store, options, Date.now());
            for (const { host, hostnames } of twins) {
              log('warn', 'several machines publish under one name; their data are kept apart', {
                host,
                hostnames,
              });
            }
            if (dropped > 0) log('info', 'what was too old was dropped', { partitionsOrRows: dropped });
            said = null;
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            if (reason !== said) log('error', `upkeep failed: ${reason}`);
            said = reason;
          }
          await sleep(UPKEEP_MS, undefined, { signal }).catch(() => {});
        }
      })();
      signal.addEventListener('abort', () => collector.end());
      if (signal.aborted) collector.end();
      await collector.run();
      await Promise.race([upkeep, sleep(GRACE_MS, undefined, { ref: false })]);
    } finally {
      served?.close();
      await Promise.race([endJudge(), sleep(GRACE_MS, undefined, { ref: false })]);
    }
    const { batches, rollups, refused } = collector.state.here;
    const result: FleetCollectResult = {
      hub,
      db: store.place,
      durationNs: (performance.now() - begun) * 1e6,
      batches,
      rollups,
      refused,
      ledger: await ledger(),
    };
    await Promise.race([store.close(), sleep(GRACE_MS, undefined, { ref: false })]);
    log('info', 'stopped', { batches, refused });
    return { result, text: fleetCollectText(result) };
  },
});
