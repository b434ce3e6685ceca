import { hostFacts } from '../host/host-facts.ts';
import { hostText } from '../report/kinds/host.ts';
import { defineCommand } from './command.ts';

const HELP = `
Reads CPUID, /proc, /sys and the clocks themselves; nothing is changed and no privilege is needed. Each fact says where
it comes from, or why it is not known. Names by systeminformation are shown beside, with their differences.`;

export const command = defineCommand({
  name: 'host',
  summary: "shows what decides this host's time: CPU, TSC, clocksource, every clock, KVM, scheduling",
  needsHost: true,
  configure: (command) => command.addHelpText('after', HELP),
  run: async () => {
    const result = await hostFacts();
    return { result, text: hostText(result) };
  },
});
