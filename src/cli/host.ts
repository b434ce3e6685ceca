import { hostFacts } from '../host/host-facts.ts';
import { host } from '../report/kinds/host.ts';
import { resultText } from '../report/text.ts';
import { defineCommand } from './command.ts';

const HELP = `
Reads CPUID, /proc, /sys and the clocks themselves; nothing is changed and no privilege is needed. Each fact says where
it comes from, or why it is not known. Names that systeminformation reports are shown beside them, differences marked.`;

export const command = defineCommand({
  name: 'host',
  summary: "shows what this host's timekeeping rests on: CPU, TSC, clocksource, every clock, KVM, scheduling",
  needsHost: true,
  configure: (command) => command.addHelpText('after', HELP),
  run: async () => {
    const result = await hostFacts();
    return { result, text: resultText(host, result) };
  },
});
