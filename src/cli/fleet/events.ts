import { usageError } from '../../errors.ts';
import { eventsView } from '../../fleet/views.ts';
import { eventsTable } from '../../report/kinds/fleet.ts';
import { tableText } from '../../report/text.ts';
import { bounds, durationIn } from '../../units.ts';
import { defineCommand } from '../command.ts';
import { list } from '../options.ts';
import { askStore, pageOptions, storeOption } from './query.ts';

const HELP = `
Steps and frequency steps of clocks, changes of the clocksource, suspends, reboots, other kernels: one list, the
newest first, with the times that the hosts gave.

Example:
  tscope fleet events --db fleet.db --last 7d --kinds step,clocksource-change --where site=ber`;

/** The kind of an event: a word of the agent's, or of a version to come. @throws TscopeError USAGE. */
const kindOf = (text: string): string => {
  if (/^[a-z][a-z-]{0,63}$/.test(text)) return text;
  throw usageError(`'${text.slice(0, 40)}' is not a kind of event, as step or reboot is.`);
};

export const command = defineCommand({
  name: 'fleet events',
  summary: 'what happened to the clocks of a fleet',
  needsHost: false,
  db: 'own',
  configure: (command) =>
    pageOptions(storeOption(command))
      .option('--last <time>', 'how far back', durationIn(bounds('1m', '3650d')), 7n * 86_400_000_000_000n)
      .option('--kinds <list>', 'only events of these kinds, with commas', list(kindOf))
      .addHelpText('after', HELP),
  run: async (_context, { db, last, kinds, ...query }) => {
    const toNs = BigInt(Date.now()) * 1_000_000n;
    const asked = { ...query, fromNs: toNs - last, toNs, ...(kinds && { kinds }) };
    const result = await askStore(db, (store) => eventsView(store, asked));
    return { result, text: tableText(eventsTable(result)) };
  },
});
