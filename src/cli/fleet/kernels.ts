import { kernelsView } from '../../fleet/views.ts';
import { kernelsTable } from '../../report/kinds/fleet.ts';
import { tableText } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { askStore, storeOption } from './query.ts';

const HELP = `
What tscope kvm found on each host, by kernel and by what drives the timer there. A host sends the run of
"tscope kvm --db FILE" where FILE is its agent's store.

Example:
  tscope fleet kernels --db fleet.db`;

export const command = defineCommand({
  name: 'fleet kernels',
  summary:
    'which kernels clamp after a long stop, which would catch up, and after what stop they lock a host up',
  needsHost: false,
  db: 'own',
  configure: (command) => storeOption(command).addHelpText('after', HELP),
  run: async (_context, { db }) => {
    const result = await askStore(db, kernelsView);
    return { result, text: tableText(kernelsTable(result)) };
  },
});
