import { stderr } from 'node:process';
import { Option } from '@commander-js/extra-typings';
import { usageError } from '../errors.ts';
import { checkWritable, writeWhole } from '../out-file.ts';
import { printableLine } from '../printable.ts';
import { FORMAT_NAMES, UNIT_NAMES } from '../records/record.ts';
import { inputOf } from '../report/input.ts';
import { readSentence } from '../report/kinds/record-read.ts';
import { stability } from '../report/kinds/stability.ts';
import { resultText } from '../report/text.ts';
import { ESTIMATOR_NAMES, type EstimatorName } from '../stability/estimators.ts';
import type { TauChoice } from '../stability/taus.ts';
import type { StabilityOptions } from '../tasks/stability.ts';
import { parseDuration } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, integer, list } from './options.ts';
import { pageOf } from './page.ts';

/** What is computed by default. */
const USUAL: EstimatorName[] = ['adev', 'oadev', 'mdev', 'tdev', 'hdev', 'ohdev', 'totdev', 'mtie'];

const HELP = `
FILE holds readings as people record them: one number a line, or columns (--column, --time-column), packed with gzip or
not; or a log: loopstats, peerstats (ntpd), tracking, statistics, measurements (chronyd), ptp4l, phc2sys, ts2phc
(linuxptp), stable32, timelab. \`-\` reads standard input. What was understood is said on stderr and in the result.
Examples:
  tscope stability FILE --time-column 1 --column 2            MJD in the first column
  tscope stability FILE --tau0 1 --report stability.html       with pictures
  tscope stability A B C --tau0 1 --hat                        three clocks against one that they share

Estimators: ${ESTIMATOR_NAMES.slice(0, 10).join(', ')},
${ESTIMATOR_NAMES.slice(10).join(', ')}.
theo1, theobr and theoh are of even m from 10 and stand at their own averaging times, 0.75 m; mtotdev, ttotdev, htotdev,
theo1 and pdev look at every point of a term, so that long records take every k-th term of long averaging times.
--hat: how unstable each of three or more clocks is by itself; a variance that comes out below 0 is shown as it is.
Terms that a gap touches are left out, and n says how many are left. Intervals are chi-squared, with the equivalent
degrees of freedom of the terms in the noise that was identified (Greenhall and Riley), and of the few squares themselves
below 10 of these; where they are not known, there is no interval.`;

/** From a picosecond to ten thousand years: a time outside is a typing error. */
const [SHORTEST_S, LONGEST_S] = [1e-12, 3e11];
/** The highest nominal frequency is that of an optical clock, 1e15 Hz. */
const [LOWEST_HZ, HIGHEST_HZ] = [1e-9, 1e18];
const MOST_SIGMAS = 1e6;

/** A decimal number; NaN for anything else, which `Number` may take for one: `0x10`, or nothing at all. */
const decimal = (text: string): number =>
  /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;

/** A positive number of seconds, or a duration with its unit. */
function seconds(text: string): number {
  const value = /[a-z]\s*$/.test(text) ? Number(parseDuration(text)) / 1e9 : decimal(text);
  if (value >= SHORTEST_S && value <= LONGEST_S) return value;
  throw usageError(
    `'${text}' is not a time; give seconds (0.1) or a duration (100ms), within 1 ps and ${LONGEST_S} s.`,
  );
}

function taus(text: string): TauChoice {
  if (text === 'octave' || text === 'decade' || text === 'all') return text;
  if (/^\s*[a-z]/i.test(text)) {
    throw usageError(`'${text}' is not octave, decade, all or a list of times.`);
  }
  return list(seconds, 10_000)(text);
}

function outliers(text: string): number {
  const sigmas = Number(/^(\d+(?:\.\d+)?)\s*(?:sigmas?)?$/.exec(text.trim())?.[1] ?? Number.NaN);
  if (sigmas > 0 && sigmas <= MOST_SIGMAS) return sigmas;
  throw usageError(`'${text}' is not a number of sigmas, such as 5sigma.`);
}

/** A number that `holds`; `what` it is not, for the message. */
const number = (what: string, holds: (value: number) => boolean) => (text: string) => {
  const value = decimal(text);
  if (holds(value)) return value;
  throw usageError(`'${text}' is not ${what}.`);
};

const hertz = number('a frequency in Hz, such as 10e6', (hz) => hz >= LOWEST_HZ && hz <= HIGHEST_HZ);
const confidence = number('a share between 0 and 1, such as 0.95', (share) => share > 0 && share < 1);

function gapValue(text: string): number {
  if (/^nan$/i.test(text.trim())) return Number.NaN;
  const value = decimal(text.replace(/d/i, 'e'));
  if (Number.isFinite(value)) return value;
  throw usageError(`'${text}' is not a number; give the value that marks a gap, such as 0 or -9999.`);
}

/** In any case, so that Hz is taken too. */
const unitName = (text: string) => choice(UNIT_NAMES)(text.toLowerCase());

const EIGHTH = 'eighth';

/** Readings in a window; 0 stands for an eighth of the record. */
const windowReadings = (text: string): number => (text === EIGHTH ? 0 : integer(8, 50_000_000)(text));

export const command = defineCommand({
  name: 'stability',
  summary: 'Allan-family statistics and MTIE, with intervals, for any phase or frequency record',
  needsHost: false,
  configure: (command) =>
    command
      .argument('<file...>', 'the record; - for standard input; three or more with --hat')
      .option('--tau0 <seconds>', 'time between readings; not needed where there are timestamps', seconds)
      .option('--data <kind>', 'what the values are: phase (s) or frequency', choice(['phase', 'frequency']))
      .option('--column <n>', 'the column of the readings, from 1', integer(1, 10_000))
      .option('--time-column <n>', 'the column of the times: seconds, MJD or ISO dates', integer(1, 10_000))
      .option('--unit <unit>', `of the readings: ${UNIT_NAMES.join(', ')}`, unitName)
      .option('--nominal <hz>', 'the frequency that readings in Hz are compared with', hertz)
      .option('--gap <value>', 'a reading of this value is a gap', gapValue)
      .addOption(
        new Option('--format <name>', `what the file is: ${FORMAT_NAMES.join(', ')}`)
          .argParser(choice(FORMAT_NAMES))
          .default('auto' as const),
      )
      .option('--remove-drift', 'remove linear frequency drift first')
      .option('--outliers <sigmas>', 'treat frequencies beyond this many sigmas as gaps (5sigma)', outliers)
      .addOption(
        new Option(
          '--hat [kind]',
          'three-cornered hat: each record is a clock against one that they share (clocks), or A-B, B-C, C-A (pairs)',
        )
          .argParser(choice(['clocks', 'pairs']))
          .preset('clocks'),
      )
      .addOption(
        new Option(
          '--dynamic [readings]',
          'also oadev in windows of this many readings that slide over the record; by default an eighth of it',
        )
          .argParser(windowReadings)
          .preset(EIGHTH),
      )
      .option('--report <file>', 'also write a page with pictures: sigma-tau, the record, its spectrum')
      .addOption(
        new Option('--estimators <list>', 'which statistics, comma-separated')
          .argParser(list(choice(ESTIMATOR_NAMES)))
          .default(USUAL, USUAL.join(',')),
      )
      .option(
        '--taus <which>',
        'octave, decade, all, or a list of averaging times in seconds',
        taus,
        'octave',
      )
      .option('--confidence <share>', 'of the intervals', confidence, 0.95)
      .addHelpText('after', HELP),
  async run(context, options, [paths]) {
    const { outliers: outlierSigmas, report, hat, dynamic, ...rest } = options;
    if (report !== undefined) checkWritable(report, '--report: ');
    const task: StabilityOptions = {
      ...rest,
      paths,
      outlierSigmas,
      hat,
      dynamic,
      pictures: report !== undefined,
    };
    const { result, warnings } = await context.measure('stability', task);
    const read = result.hat?.records ?? [{ ...result, file: result.file ?? '' }];
    for (const { file, ...one } of read)
      stderr.write(`${printableLine(readSentence(file, { ...result, ...one }))}\n`);
    return {
      result,
      warnings,
      text: resultText(stability, result),
      ...(report === undefined
        ? {}
        : {
            save: (json) => writeWhole(report, pageOf(inputOf(JSON.parse(json), 'the result')), '--report: '),
          }),
    };
  },
});
