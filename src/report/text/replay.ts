import type { Difference, ReplayResult } from '../../schema/replay.ts';
import { formatCount } from '../../units.ts';
import { textTable } from './table.ts';

type Replayed = ReplayResult['scenarios'][number];

/** Beyond this a table or a list is for programs: --json has it whole. */
const MOST_STATES = 500;
const MOST_DIFFERENCES = 20;

const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Names come from a file: no control characters on a terminal. */
const printable = (text: string): string => text.replace(/\p{C}/gu, '?');

const quoted = (value: Difference['expected']): string =>
  typeof value === 'string' ? printable(value) : String(value);

const backend = (state: Replayed['states'][number]): string => {
  if (state.hvTimerInUse) return 'hv';
  return state.hrtimerExpires === null ? '-' : 'sw';
};

/** A scenario's states, one a line. */
function statesTable({ name, scale, states }: Replayed): string {
  const head = [
    '#step',
    'mode',
    '#period',
    '#target',
    '#tscdeadline',
    'backend',
    '#fires at',
    '#pending',
    '#irqs',
  ];
  const rows = states.map((state, step) => [
    String(step),
    state.mode,
    state.period,
    state.targetExpiration,
    state.tscDeadline,
    backend(state),
    state.hvDeadlineTsc ?? state.hrtimerExpires ?? '-',
    String(state.pending),
    `${state.irqs}${state.warnings > 0 ? ' WARN' : ''}${state.value === undefined ? '' : ` tmcct=${state.value}`}`,
  ]);
  return [`${printable(name)}: mult ${scale.mult}, shift ${scale.shift}`, textTable(head, rows)].join('\n');
}

function differenceLine({ scenario, name, step, field, expected, actual }: Difference): string {
  const where = step === null ? field : `step ${step}, ${field}`;
  return `  scenarios[${scenario}] ${printable(name)}, ${where}: expected ${quoted(expected)}, got ${quoted(actual)}`;
}

function verdict({ compared, differences }: ReplayResult): string[] {
  if (compared === 0 && differences.length === 0) return [];
  if (differences.length === 0) return [`Every one of ${plural(compared, 'state')} is as expected.`];
  const rest = differences.length - MOST_DIFFERENCES;
  return [
    `${plural(differences.length, 'difference')} in ${plural(compared, 'state')}:`,
    ...differences.slice(0, MOST_DIFFERENCES).map(differenceLine),
    ...(rest > 0 ? [`  and ${formatCount(rest)} more; --json lists them all.`] : []),
  ];
}

/** The states, unless they are many or were only to be compared; then what differs from the expectation. */
export function replayText(result: ReplayResult): string {
  const steps = result.scenarios.reduce((sum, { states }) => sum + states.length, 0);
  const compares = result.compared > 0 || result.differences.length > 0;
  const tables =
    compares || steps > MOST_STATES ? [] : result.scenarios.flatMap((one) => [statesTable(one), '']);
  const hidden = !compares && steps > MOST_STATES ? ['Too many to print; --json has every state.'] : [];
  return [
    ...tables,
    `${plural(result.scenarios.length, 'scenario')}, ${plural(steps, 'step')}.`,
    ...hidden,
    ...verdict(result),
  ].join('\n');
}
