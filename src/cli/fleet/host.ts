import { hostNamed, hostView } from '../../fleet/views.ts';
import { hostSections } from '../../report/kinds/fleet.ts';
import { sectionsText } from '../../report/text.ts';
import { bounds, durationIn } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { askStore, storeOption } from './query.ts';

const HELP = `
NAME is the word that a host publishes under, its host name, or the beginning of one; "node-7#2" is the second of two that
publish under one word.

Example:
  tscope fleet host node-7 --db fleet.db --last 7d`;

export const command = defineCommand({
  name: 'fleet host',
  summary: 'one host of a fleet: its place among its peers, calibrations, events and kernel',
  needsHost: false,
  db: 'own',
  configure: (command) =>
    storeOption(command)
      .argument('<name>', 'which host')
      .option('--last <time>', 'how far back', durationIn(bounds('1m', '3650d')), 86_400_000_000_000n)
      .addHelpText('after', HELP),
  run: async (_context, { db, last }, [name]) => {
    const toNs = BigInt(Date.now()) * 1_000_000n;
    const result = await askStore(db, async (store) =>
      hostView(store, Date.now(), await hostNamed(store, name), { fromNs: toNs - last, toNs }),
    );
    return { result, text: sectionsText(hostSections(result)) };
  },
});
