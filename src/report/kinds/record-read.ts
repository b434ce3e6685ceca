import type { StabilityResult } from '../../schema/stability.ts';
import { formatRatio } from '../../units.ts';
import { plural } from '../words.ts';

type Step = NonNullable<StabilityResult['steps']>[number];

const stepText = (step: Step): string =>
  step.step === 'drift'
    ? `a drift of ${formatRatio(step.driftPerSecond * 86_400)} a day taken out`
    : `${plural(step.removed, 'frequency outlier')} beyond ${step.sigmas} sigma made gaps`;

/** What was understood of a file, in one sentence. */
export function readSentence(
  name: string,
  {
    read,
    data,
    gaps,
    steps = [],
  }: Pick<StabilityResult, 'read' | 'data' | 'gaps'> & { readonly steps?: readonly Step[] | undefined },
): string {
  if (read === undefined) return name;
  const { format, column, columns, timeColumn, unit, nominalHz, spacing, readings, skipped } = read;
  const where = column === null || columns < 2 ? '' : ` from column ${column} of ${columns}`;
  const nominal = nominalHz === null ? '' : ` around ${nominalHz} Hz`;
  const times =
    spacing.times === null
      ? 'as given'
      : `from the times${timeColumn === null ? '' : ` in column ${timeColumn}`} (${spacing.times})`;
  const left = skipped.map(({ what, lines }) => `${what} (${lines})`).join(', ');
  return [
    `${name}: ${format}; ${plural(readings, 'reading')} of ${data} in ${unit}${nominal}${where}`,
    `one each ${spacing.tau0} s, ${times}`,
    gaps === 0 ? 'no gaps' : plural(gaps, 'gap'),
    ...(left === '' ? [] : [`left out: ${left}`]),
    ...steps.map(stepText),
  ]
    .join('; ')
    .concat('.');
}
