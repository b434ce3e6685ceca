import { overviewView } from '../../fleet/views.ts';
import { overviewSections, overviewVerdicts } from '../../report/kinds/fleet.ts';
import { sectionsText } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { askStore, storeOption } from './query.ts';

const HELP = `
What there is to know of a fleet at a glance: silent hosts, hosts that share a name, wrong wall clocks, outliers among peers,
references that moved, kernels that catch up. Agents send with --hub, tscope fleet init makes the hub, and tscope fleet
collect stores what they send and draws the conclusions.

Examples:
  tscope fleet --db fleet.db
  tscope fleet outliers --db postgres://tscope@db/fleet --where site=ber
  tscope fleet host node-7 --db fleet.db --json`;

export const command = defineCommand({
  name: 'fleet',
  summary: 'many hosts: what a hub has of them, who stands out, which kernels would lock up',
  needsHost: false,
  db: 'own',
  configure: (command) => storeOption(command).addHelpText('after', HELP),
  run: async (_context, { db }) => {
    const result = await askStore(db, (store) => overviewView(store, Date.now()));
    const verdicts = overviewVerdicts(result);
    const text = [
      ...verdicts.map(({ about, text }) => `${about}: ${text}`),
      '',
      sectionsText(overviewSections(result)),
    ].join('\n');
    return { result, text, exitCode: verdicts.some(({ level }) => level === 'bad') ? 1 : 0 };
  },
});
