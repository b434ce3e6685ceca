import { outliersView } from '../../fleet/views.ts';
import { outliersTable } from '../../report/kinds/fleet.ts';
import { tableText } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { askStore, pageOptions, storeOption } from './query.ts';

const HELP = `
Each host's rate is held against its peers': hosts of the same CPU model and nominal rate. The score is its distance from
their middle in what their spread and its own error explain; where nothing is wrong, one fleet in a hundred has an
outlier named. "since" is when the host left its peers, to the hour.

Example:
  tscope fleet outliers --db fleet.db --where site=ber`;

export const command = defineCommand({
  name: 'fleet outliers',
  summary: 'hosts whose TSC stands out among its peers, by how much and since when',
  needsHost: false,
  db: 'own',
  configure: (command) => pageOptions(storeOption(command)).addHelpText('after', HELP),
  run: async (_context, { db, ...query }) => {
    const result = await askStore(db, (store) => outliersView(store, Date.now(), query));
    return { result, text: tableText(outliersTable(result)) };
  },
});
