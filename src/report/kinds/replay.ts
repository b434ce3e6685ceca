import { count } from '../../digits.ts';
import type { Difference, ReplayResult } from '../../schema/replay.ts';
import { columns } from '../columns.ts';
import { tableText } from '../text.ts';
import { orDash, plural } from '../words.ts';

type Replayed = ReplayResult['scenarios'][number];

/** Longer tables and lists are for programs: --json has them whole. */
const MOST_STATES = 500;
const MOST_DIFFERENCES = 20;

/** Names come from a file: each stays on its line. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

const quoted = (value: Difference['expected']): string => oneLine(String(value));

const backend = (state: Replayed['states'][number]): string => {
  if (state.hvTimerInUse) return 'hv';
  return state.hrtimerExpires === null ? '-' : 'sw';
};

/** A scenario's states, one a line. */
const statesTable = ({ name, scale, states }: Replayed): string =>
  tableText({
    title: `${oneLine(name)}: mult ${scale.mult}, shift ${scale.shift}`,
    ...columns(states, [
      ['#step', (_, step) => count(step)],
      ['mode', ({ mode }) => mode],
      ['#period', ({ period }) => period],
      ['#target', ({ targetExpiration }) => targetExpiration],
      ['#tscdeadline', ({ tscDeadline }) => tscDeadline],
      ['backend', backend],
      ['#fires at', (state) => orDash(state.hvDeadlineTsc ?? state.hrtimerExpires)],
      ['#pending', ({ pending }) => String(pending)],
      ['#irqs', ({ irqs }) => String(irqs)],
      ['#tmcct', ({ value }) => orDash(value)],
      ['', ({ warnings }) => (warnings > 0 ? 'WARN' : '')],
    ]),
  });

function differenceLine({ scenario, name, step, field, expected, actual }: Difference): string {
  const where = step === null ? field : `step ${step}, ${field}`;
  return `  scenarios[${scenario}] ${oneLine(name)}, ${where}: expected ${quoted(expected)}, got ${quoted(actual)}`;
}

function verdict({ compared, differences }: ReplayResult): string[] {
  if (compared === 0 && differences.length === 0) return [];
  if (differences.length === 0) return [`Every one of ${plural(compared, 'state')} is as expected.`];
  const rest = differences.length - MOST_DIFFERENCES;
  return [
    `${plural(differences.length, 'difference')} in ${plural(compared, 'state')}:`,
    ...differences.slice(0, MOST_DIFFERENCES).map(differenceLine),
    ...(rest > 0 ? [`  and ${count(rest)} more; the JSON document lists them all.`] : []),
  ];
}

/** The states, unless they are many or were only to be compared; then what differs from the expectation. */
export function replayText(result: ReplayResult): string {
  const steps = result.scenarios.reduce((sum, { states }) => sum + states.length, 0);
  const compares = result.compared > 0 || result.differences.length > 0;
  const tooMany = !compares && steps > MOST_STATES;
  const tables = compares || tooMany ? [] : result.scenarios.flatMap((one) => [statesTable(one), '']);
  return [
    ...tables,
    `${plural(result.scenarios.length, 'scenario')}, ${plural(steps, 'step')}.`,
    ...(tooMany ? ['Too many to print; the JSON document has every state.'] : []),
    ...verdict(result),
  ].join('\n');
}
