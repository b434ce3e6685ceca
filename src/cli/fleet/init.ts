import { readFileSync } from 'node:fs';
import { usageError } from '../../errors.ts';
import { fleetInitText } from '../../report/kinds/fleet-hub.ts';
import type { FleetInitResult } from '../../schema/fleet-hub.ts';
import { fileError } from '../../system-error.ts';
import { bounds, durationIn } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { hubAccess, hubOptions } from './hub-options.ts';

const HELP = `
Makes on a NATS server with JetStream what a fleet needs: the stream of batches, the one for messages that could not be
read, the collectors' consumer, and the registry of hosts. Run again it changes nothing, and says what differs.
--print-config prints a configuration for nats-server in which each host may publish as itself only, and writes each
host's credentials, the collector's and the administrator's to files.

Examples:
  tscope fleet init --hub nats://127.0.0.1:4222
  tscope fleet init --print-config --hosts hosts.txt --credentials keys --tls-cert /etc/nats/hub.crt --tls-key /etc/nats/hub.key > hub.conf
  tscope fleet init --hub tls://hub-1:4222,tls://hub-2:4222 --hub-credentials keys/admin.json --replicas 3`;

const REPLICAS = [1, 3, 5];
const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

const replicas = (text: string): number => {
  if (REPLICAS.includes(Number(text))) return Number(text);
  throw usageError(`'${text}' is not 1, 3 or 5.`);
};

const size = (text: string): number => {
  const [, digits, unit] = /^(\d{1,6})([MGT])$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit ?? ''] ?? 0);
  if (bytes >= 2 ** 20) return bytes;
  throw usageError(`'${text}' is not a size; give a whole number and M, G or T, as in 10G.`);
};

function hostsIn(file: string | undefined): string[] {
  if (file === undefined) return [];
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '');
  } catch (error) {
    throw fileError(`cannot read the list of hosts ${file}`, error);
  }
}

export const command = defineCommand({
  name: 'fleet init',
  summary: 'makes the streams and the registry of a hub, or prints a configuration for its server',
  needsHost: false,
  configure: (command) =>
    hubOptions(command, 'who you are there')
      .option('--replicas <n>', 'servers that each message is kept on: 1, 3 or 5', replicas, 1)
      .option(
        '--max-size <size>',
        'size of the stream of batches; when it is full, hosts keep what they have',
        size,
      )
      .option(
        '--max-age <time>',
        'how long a message waits for a collector',
        durationIn(bounds('1h', '3650d')),
      )
      .option('--print-config', "print the server's configuration, and make nothing on a hub")
      .option('--hosts <file>', 'with --print-config: names of the hosts, one a line')
      .option('--credentials <folder>', 'with --print-config: where the credentials of all users are kept')
      .option('--tls-cert <file>', "with --print-config: the server's certificate, a path there")
      .option('--tls-key <file>', 'with --print-config: its key')
      .addHelpText('after', HELP),
  run: async (_, { printConfig, hosts, credentials, tlsCert, tlsKey, ...options }) => {
    if (printConfig) {
      for (const [flag, value] of [
        ['--hosts', hosts],
        ['--credentials', credentials],
        ['--tls-cert', tlsCert],
        ['--tls-key', tlsKey],
      ] as const) {
        if (value === undefined) throw usageError(`${flag}: --print-config needs it.`);
      }
      const { serverConfig } = await import('../../fleet/hub/server-config.ts');
      const plan = { hosts: hostsIn(hosts), credentials: credentials ?? '', replicas: options.replicas };
      const config = await serverConfig({ ...plan, tlsCert: tlsCert ?? '', tlsKey: tlsKey ?? '' });
      const result: FleetInitResult = { hub: '', made: [], there: [], differences: [], config };
      return { result, text: config };
    }
    const access = hubAccess(options);
    const { initHub } = await import('../../fleet/hub/init.ts');
    const { maxSize = 10 * 2 ** 30, maxAge = 30n * 86_400_000_000_000n } = options;
    const limits = { replicas: options.replicas, maxBytes: maxSize, maxAgeNs: Number(maxAge) };
    const found = await initHub(access, limits);
    const result: FleetInitResult = { hub: access.servers.join(','), ...found, config: null };
    return { result, text: fleetInitText(result), exitCode: result.differences.length > 0 ? 1 : 0 };
  },
});
