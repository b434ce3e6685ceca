import { about, type Dimension, exactFrequency, offset, ratio, time } from '../../digits.ts';
import type { Compared, CompareResult } from '../../schema/compare.ts';
import type { Block, Table } from '../content.ts';
import { sectionsText } from '../text.ts';
import { plural } from '../words.ts';

const MEASURES: Readonly<
  Record<Compared['unit'], readonly [value: Dimension | null, difference: Dimension]>
> = {
  hz: [null, ratio],
  ns: [time, offset],
  ratio: [ratio, ratio],
};

function cells({
  part,
  quantity,
  unit,
  a,
  b,
  difference,
  differenceLow,
  differenceHigh,
}: Compared): string[] {
  const [measure, moved] = MEASURES[unit];
  const value = (one: number) => (measure === null ? exactFrequency(one) : about(one, measure));
  const [low, high] = [about(differenceLow, moved), about(differenceHigh, moved)];
  const interval = differenceLow === differenceHigh ? '' : ` (${low} to ${high})`;
  return [`${part}: ${quantity}`, value(a), value(b), `${about(difference, moved)}${interval}`];
}

const group = (title: string, rows: readonly Compared[]): Table[] =>
  rows.length === 0 ? [] : [{ title, head: ['', '#A', '#B', '#B - A'], rows: rows.map(cells) }];

const sideRows = (letter: string, runs: CompareResult['runs']['a']): string[][] =>
  runs.map(({ name, hostname, startedAt, version }) => [`${letter} ${name}`, hostname, startedAt, version]);

function factsBlock({ facts }: CompareResult): Block {
  if (facts.length === 0) return { text: 'The facts known of both hosts are the same.' };
  const rows = facts.map(({ fact, a, b }) => [fact, a ?? 'not known', b ?? 'not known']);
  return { title: 'Facts that differ', head: ['', 'A', 'B'], rows };
}

/** What the judgement rests on, and what would sharpen it. */
function basis({ runs, falseAlarmRatio, quantities }: CompareResult): string {
  const judged = quantities.filter(({ spread }) => spread !== null).length;
  if (judged === 0) return '';
  const one = Math.max(runs.a.length, runs.b.length) === 1;
  const from = [
    'what is typical between runs of an idle host',
    ...(one ? [] : ['the runs of each side']),
    ...(runs.history > 1 ? [`${plural(runs.history, 'earlier run')} in the store`] : []),
  ].join(', ');
  const more = one ? ' More runs a side find smaller changes: `tscope compare A1 A2 A3 -- B1 B2 B3`.' : '';
  return `The spread between runs: ${from}. Where nothing changed, 1 comparison in ${Math.round(1 / falseAlarmRatio)} says otherwise.${more}`;
}

const only = (side: string, parts: readonly string[]): Block[] =>
  parts.length === 0 ? [] : [{ text: `Only ${side} has: ${parts.join(', ')}.` }];

/** The comparison for people: what changed first. */
export function compareText(result: CompareResult): string {
  const { runs, quantities, onlyIn } = result;
  const judged = (judgement: Compared['judgement']) =>
    quantities.filter((one) => one.judgement === judgement);
  const changed = judged('changed');
  const blocks: Block[] = [
    {
      head: ['', 'host', 'measured', 'tscope'],
      rows: [...sideRows('A', runs.a), ...sideRows('B', runs.b)],
    },
    factsBlock(result),
    ...(changed.length === 0
      ? [{ text: 'No figure changed by more than the run-to-run spread.' }]
      : group('Changed by more than the run-to-run spread', changed)),
    ...group('Exactly the same', judged('same')),
    ...group('Within the run-to-run spread', judged('within-noise')),
    { text: basis(result) },
    ...only('A', onlyIn.a),
    ...only('B', onlyIn.b),
  ];
  return sectionsText([{ id: 'comparison', title: 'Comparison', blocks }]);
}
