import { printableCell } from '../printable.ts';
import type { Block, Facts, Kind, Section, Table } from './content.ts';

/** A table for a terminal: columns padded under their heads; without rows, only its note. */
export function tableText({ title, head, rows, note = '' }: Table): string {
  const heads = head.map((name) => name.replace(/^#/, ''));
  const shown = rows.map((row) => row.map(printableCell));
  const widths = heads.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        head[i]?.startsWith('#') ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    ...(title === undefined ? [] : [title]),
    ...(rows.length === 0 ? [] : [heads, ...shown].map(line)),
    ...(note === '' ? [] : [note]),
  ].join('\n');
}

/** Names are padded to this, or to the longest. */
const NAME_WIDTH = 18;

function factsText({ title, facts }: Facts): string {
  const width = Math.max(NAME_WIDTH, ...facts.map(([name]) => name.length)) + 2;
  const lines = facts.map(
    ([name, value, source]) =>
      `  ${name.padEnd(width)}${printableCell(value)}${source === '' ? '' : `  (${printableCell(source)})`}`,
  );
  return [...(title === undefined ? [] : [title]), ...lines].join('\n');
}

function blockText(block: Block): string[] {
  if (block.on === 'page' || 'draw' in block) return [];
  if ('head' in block) return block.rows.length === 0 && !block.note ? [] : [tableText(block)];
  if ('facts' in block) return [factsText(block)];
  return [block.text];
}

/** What a command prints of its result: every block but the figures, a blank line between them. */
export const sectionsText = (sections: readonly Section[]): string =>
  sections
    .flatMap(({ blocks }) => blocks.flatMap(blockText))
    .filter((text) => text !== '')
    .join('\n\n');

/** What a command prints of a result of this kind. */
export const resultText = <Result>({ sections }: Kind<Result>, result: Result): string =>
  sectionsText(sections(result));
