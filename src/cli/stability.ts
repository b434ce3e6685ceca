import { Option } from '@commander-js/extra-typings';
import { usageError } from '../errors.ts';
import { stabilityText } from '../report/kinds/stability.ts';
import { ESTIMATOR_NAMES } from '../schema/stability.ts';
import type { TauChoice } from '../stability/taus.ts';
import type { StabilityOptions } from '../tasks/stability.ts';
import { parseDuration } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, list } from './options.ts';

const HELP = `
FILE holds one number a line (\`-\` reads standard input): time error in seconds, or with --data frequency the average
fractional frequency over each tau0. \`#\` starts a comment, blank lines are skipped, \`nan\` is a gap.
From a file with several columns: awk '{print $2}' FILE | tscope stability - --tau0 1

Estimators: ${ESTIMATOR_NAMES.join(', ')}.
Terms that a gap touches are left out, and n says how many are left. Intervals are chi-squared, with the equivalent
degrees of freedom (Greenhall and Riley) of the noise that was identified.`;

/** A positive number of seconds, or a duration with its unit. */
function seconds(text: string): number {
  const value = /[a-z]\s*$/.test(text)
    ? Number(parseDuration(text)) / 1e9
    : Number(text.trim() || Number.NaN);
  if (value > 0 && Number.isFinite(value)) return value;
  throw usageError(`'${text}' is not a time; give seconds (0.1) or a duration (100ms), above 0.`);
}

function taus(text: string): TauChoice {
  if (text === 'octave' || text === 'decade' || text === 'all') return text;
  if (/^\s*[a-z]/i.test(text)) {
    throw usageError(`'${text}' is not octave, decade, all or a list of times.`);
  }
  return list(seconds, 10_000)(text);
}

function confidence(text: string): number {
  const value = Number(text.trim() || Number.NaN);
  if (value > 0 && value < 1) return value;
  throw usageError(`'${text}' is not a share between 0 and 1, such as 0.95.`);
}

export const command = defineCommand({
  name: 'stability',
  summary: 'Allan-family statistics, MTIE and their intervals of any phase or frequency record',
  needsHost: false,
  configure: (command) =>
    command
      .argument('<file>', 'the record, one number a line; - for standard input')
      .requiredOption('--tau0 <seconds>', 'time between two values, in seconds', seconds)
      .option(
        '--data <kind>',
        'what the values are: phase (s) or frequency',
        choice(['phase', 'frequency']),
        'phase',
      )
      .addOption(
        new Option('--estimators <list>', 'which statistics, comma-separated')
          .argParser(list(choice(ESTIMATOR_NAMES)))
          .default(
            ESTIMATOR_NAMES.filter((name) => name !== 'tierms'),
            'all but tierms',
          ),
      )
      .option(
        '--taus <which>',
        'octave, decade, all, or a list of averaging times in seconds',
        taus,
        'octave',
      )
      .option('--confidence <share>', 'of the intervals', confidence, 0.95)
      .addHelpText('after', HELP),
  async run(context, options, [path]) {
    const { tau0, data, estimators } = options;
    const task: StabilityOptions = {
      path,
      tau0,
      data,
      estimators,
      taus: options.taus,
      confidence: options.confidence,
    };
    const { result, warnings } = await context.measure('stability', task);
    return { result, warnings, text: stabilityText(result, estimators) };
  },
});
