import type { Compared, CompareResult } from '../../schema/compare.ts';
import { formatHz, formatNs, formatRatio } from '../../units.ts';
import { tableText } from '../text.ts';

const textTable = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  tableText({ head, rows });

const FORMATS: Readonly<Record<Compared['unit'], (value: number) => string>> = {
  hz: formatHz,
  ns: formatNs,
  ratio: formatRatio,
};

const signedNs = (ns: number): string => (ns < 0 ? formatNs(ns) : `+${formatNs(ns)}`);
const change = ({ unit }: Compared, value: number): string =>
  unit === 'ns' ? signedNs(value) : formatRatio(value);

function differenceText(row: Compared): string {
  const { difference, differenceLow, differenceHigh } = row;
  if (differenceLow === null || differenceHigh === null) return change(row, difference);
  return `${change(row, difference)} (${change(row, differenceLow)} to ${change(row, differenceHigh)})`;
}

const cells = (row: Compared): string[] => {
  const format = FORMATS[row.unit];
  return [`${row.part}: ${row.quantity}`, format(row.a), format(row.b), differenceText(row)];
};

const HEAD = ['', '#A', '#B', '#B - A'];

function group(title: string, rows: readonly Compared[]): string[] {
  return rows.length === 0 ? [] : [`${title}\n${textTable(HEAD, rows.map(cells))}`];
}

/** As many figures without an interval are listed. */
const MOST_UNJUDGED = 16;

/** Figures that cannot be judged. */
function unjudged(rows: readonly Compared[]): string[] {
  const all = rows.filter(({ judgement }) => judgement === 'not-judged');
  const more = all.length - MOST_UNJUDGED;
  return [
    ...group('Not judged: at least one side has no interval', all.slice(0, MOST_UNJUDGED)),
    ...(more > 0 ? [`And ${more} more without an interval; --json lists them.`] : []),
  ];
}

function factsText({ facts }: CompareResult): string {
  if (facts.length === 0) return 'The facts known of both hosts are the same.';
  const rows = facts.map(({ fact, a, b }) => [fact, a ?? 'not known', b ?? 'not known']);
  return `Facts that differ\n${textTable(['', 'A', 'B'], rows)}`;
}

const only = (side: string, parts: readonly string[]): string[] =>
  parts.length === 0 ? [] : [`Only ${side} has: ${parts.join(', ')}.`];

/** The comparison for people: what changed first. */
export function compareText(result: CompareResult): string {
  const { a, b, quantities, onlyIn } = result;
  const sides = textTable(
    ['', 'host', 'measured', 'tscope'],
    [
      [`A ${a.name}`, a.hostname, a.startedAt, a.version],
      [`B ${b.name}`, b.hostname, b.startedAt, b.version],
    ],
  );
  const changed = quantities.filter(({ judgement }) => judgement === 'changed');
  const same = quantities.filter(({ judgement }) => judgement === 'within-noise');
  return [
    sides,
    factsText(result),
    ...(changed.length === 0
      ? ['Nothing changed beyond the noise (3 standard errors).']
      : group('Changed beyond the noise (3 standard errors)', changed)),
    ...group('Within the noise', same),
    ...unjudged(quantities),
    ...[...only('A', onlyIn.a), ...only('B', onlyIn.b)],
  ].join('\n\n');
}
