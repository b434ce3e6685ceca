import { writeWhole } from '../out-file.ts';
import { inputOf } from '../report/input.ts';
import { measureText } from '../report/parts.ts';
import { type MeasureResult, PARTS } from '../schema/measure.ts';
import { measureHost } from '../tasks/measure.ts';
import { defineCommand } from './command.ts';
import { pageOf } from './page.ts';
import { openRunFolder } from './run-folder.ts';

const HELP = `
Runs, in order: host, calibrate, timer, drift, stop, and kvm where /dev/kvm works; each is a command of its own, with
more options. Ctrl-C ends the part that runs, keeps what was measured, and exits with 130.

Writes run.json (validates against schema/measure.json of this package) and report.html (one page, no network).`;

/** The parts that were skipped: all that has not been printed yet. */
const skippedText = (result: MeasureResult): string =>
  measureText({ ...result, calibrate: null, timer: null, drift: null, stop: null, kvm: null });

export const command = defineCommand({
  name: 'measure',
  summary: 'measures this host end to end and writes a report (about a minute); start here',
  needsHost: true,
  out: 'own',
  configure: (command) =>
    command
      .option('--quick', 'shorter runs: within 15 s instead of 60')
      .option('--out <folder>', 'where run.json and report.html go (default: tscope-runs/ID)')
      .addHelpText('after', HELP),
  run: async ({ measure, signal, startedAt, status, step, print }, { quick = false, out }) => {
    const folder = openRunFolder(out, startedAt);
    try {
      const { result, warnings } = await measureHost(quick, measure, signal, {
        begin: (part, number, seconds, secondsAfter) => {
          step({ number, of: PARTS.length, seconds, secondsAfter });
          if (part === 'host') status(`${number} of ${PARTS.length}: looking at the host`);
        },
        done: (_part, alone) => print(`${measureText(alone)}\n`),
      });
      return {
        result,
        warnings,
        text: [skippedText(result), `Written: ${folder.document}, ${folder.report}`]
          .filter(Boolean)
          .join('\n\n'),
        save: async (json) => {
          await writeWhole(folder.document, json);
          await writeWhole(folder.report, pageOf(inputOf(JSON.parse(json), folder.document)));
        },
      };
    } catch (error) {
      folder.discardIfEmpty();
      throw error;
    }
  },
});
