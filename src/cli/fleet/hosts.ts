import { HOST_ORDERS } from '../../fleet/store/hosts.ts';
import { hostsView } from '../../fleet/views.ts';
import { hostsTable } from '../../report/kinds/fleet.ts';
import { tableText } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { choice } from '../options.ts';
import { askStore, pageOptions, storeOption } from './query.ts';

const HELP = `
Examples:
  tscope fleet hosts --db fleet.db --where kernel=6.1.* --where site=ber
  tscope fleet hosts --db fleet.db --silent
  tscope fleet hosts --db fleet.db --order clock-error --descending`;

export const command = defineCommand({
  name: 'fleet hosts',
  summary: 'the hosts of a fleet',
  needsHost: false,
  db: 'own',
  configure: (command) =>
    pageOptions(storeOption(command))
      .option('--order <word>', `by ${HOST_ORDERS.join(', ')}`, choice(HOST_ORDERS), 'hostname')
      .option('--descending', 'the largest first')
      .option('--silent', 'only hosts that have not been heard from for ten minutes')
      .option('--twins', 'only hosts that share a name with another one')
      .addHelpText('after', HELP),
  run: async (_context, { db, descending = false, silent = false, twins = false, ...query }) => {
    const asked = { ...query, descending, silent, ...(twins && { twins }) };
    const result = await askStore(db, (store) => hostsView(store, Date.now(), asked));
    return { result, text: tableText(hostsTable(result)) };
  },
});
