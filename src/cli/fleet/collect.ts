import { Option } from '@commander-js/extra-typings';
import { isLoopback, parseListenAddress } from '../../agent/config/listen-address.ts';
import { readTls } from '../../agent/config/tls.ts';
import { checkToken, readToken } from '../../agent/config/token.ts';
import { boundedLog, jsonLog } from '../../agent/log.ts';
import { usageError } from '../../errors.ts';
import { fleetCollectText } from '../../report/kinds/fleet-hub.ts';
import { LABEL_KEY } from '../../schema/fleet-batch.ts';
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
    const access = hubAccess(options);
    const { db, listen, tokenFile, site, peers = [] } = options;
    const token = readToken(tokenFile, process.env['TSCOPE_TOKEN']);
    if (listen !== undefined) checkToken(token, !isLoopback(listen.host), listen);
    const tls = readTls(options);
    const hostNames = options.hostNames?.split(',').map((name) => name.trim()) ?? [];
    const { runCollector } = await import('../../fleet/collect/run.ts');
    const served = listen === undefined ? null : { address: listen, tls, token, hostNames };
    const grouping = { site, peers };
    const work = { access, db, retention: options, grouping, site: served };
    const result = await runCollector(work, signal, startedAt, log);
    return { result, text: fleetCollectText(result) };
  },
});
