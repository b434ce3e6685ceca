import { compareDocuments } from '../report/compare/compare.ts';
import { compareText } from '../report/compare/text.ts';
import { DEFAULT_STORE } from '../store/store.ts';
import { defineCommand } from './command.ts';
import { RUN_HELP, readDocument } from './read-document.ts';

const HELP = `
Each figure that both have stands side by side with the difference and its interval: three standard errors of both, or
the range that repeated stops and counted ticks leave. A figure without an interval is shown and not judged.
The noise is that within a run: a host that was busier during one of the two shows as a change. Rates in
hertz differ by a ratio.

Examples:
  tscope compare tscope-runs/20260131-235959 tscope-runs/20260201-080000     before and after
  tscope compare host-a.json host-b.json --json                              two hosts, for a program`;

export const command = defineCommand({
  name: 'compare',
  summary: 'two runs or two hosts side by side: what changed beyond the noise',
  needsHost: false,
  configure: (command) =>
    command
      .argument('<a>', RUN_HELP)
      .argument('<b>', 'the same')
      .option('--db <file>', 'the store to look for the runs in', DEFAULT_STORE)
      .addHelpText('after', HELP),
  run: async (_context, { db }, [a = '', b = '']) => {
    const result = compareDocuments(
      { name: a, input: (await readDocument(a, db)).input },
      { name: b, input: (await readDocument(b, db)).input },
    );
    return { result, text: compareText(result) };
  },
});
