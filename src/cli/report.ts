import { realpathSync } from 'node:fs';
import { count } from '../digits.ts';
import { usageError } from '../errors.ts';
import { checkWritable, writeWhole } from '../out-file.ts';
import { partNames } from '../report/parts.ts';
import type { ReportResult } from '../schema/report.ts';
import { DEFAULT_STORE } from '../store/store.ts';
import { defineCommand } from './command.ts';
import { pageOf } from './page.ts';
import { RUN_HELP, readDocument } from './read-document.ts';

const HELP = `
The page is one file: it opens anywhere, light or dark, on a phone and on paper, and asks the network for nothing. Any
document of measure, host, calibrate, timer, drift, stop, kvm or stability will do; what it does not hold is left out.

Examples:
  tscope report tscope-runs/20260131-235959 --out report.html
  tscope kvm --json | tscope report - --out guest.html`;

/** Refuses to write the page over the document that it is made from. */
function checkNotItself(out: string, file: string | null): void {
  try {
    if (file === null || realpathSync(out) !== realpathSync(file)) return;
  } catch {
    return;
  }
  throw usageError(`--out: ${out} is the document itself; give another file.`);
}

export const command = defineCommand({
  name: 'report',
  summary: 'writes the page of a run, or of one command: verdicts, figures, how they were measured',
  needsHost: false,
  out: 'own',
  configure: (command) =>
    command
      .argument('<run>', RUN_HELP)
      .option('--out <file>', 'where the page goes', 'report.html')
      .option('--db <file>', 'the store to look for the run in', DEFAULT_STORE)
      .addHelpText('after', HELP),
  run: async (_context, { out, db }, [name = '']) => {
    const { input, file } = await readDocument(name, db);
    checkNotItself(out, file);
    checkWritable(out);
    const page = pageOf(input);
    const { parts, host, startedAt } = input;
    const shown = partNames(parts);
    const result: ReportResult = {
      page: out,
      bytes: Buffer.byteLength(page),
      hostname: host?.hostname ?? null,
      measuredAt: startedAt,
      parts: shown,
    };
    return {
      result,
      text: `Written: ${out}, ${count(result.bytes)} bytes, with ${shown.join(', ')}${host === null ? '' : ` of ${host.hostname}`}, ${startedAt}`,
      save: () => writeWhole(out, page),
    };
  },
});
