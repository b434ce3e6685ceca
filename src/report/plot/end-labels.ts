import { element, label, pixels, textWidth } from '../markup.ts';
import { colourClass } from './series.ts';

/** The names of lines that end together, beside that end. */
export interface EndLabel {
  readonly names: ReadonlyArray<{ readonly text: string; readonly style: number }>;
  /** Where the line ends. */
  readonly x: number;
  readonly y: number;
}

const LINE = 16;
/** How much wider than the other text the names are. */
const BOLD = 1.1;

/** Pushes labels of these heights apart, in order, within [top, bottom], each as near to its line as the others allow. */
export function pushedApart(
  wanted: ReadonlyArray<{ readonly y: number; readonly height: number }>,
  top: number,
  bottom: number,
): number[] {
  const inside = (center: number, height: number): number =>
    Math.max(top + height / 2, Math.min(bottom - height / 2, center));
  const order = wanted.map((one, i) => ({ ...one, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  const blocks: Array<{ center: number; height: number; members: number[] }> = [];
  for (const { y, height, i } of order) {
    let block = { center: inside(y, height), height, members: [i] };
    // A block that overlaps the one before becomes one with it, around their mean.
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.center + last.height / 2 <= block.center - block.height / 2) break;
      blocks.pop();
      const both = last.height + block.height;
      const mean = (last.center * last.height + block.center * block.height) / both;
      block = { center: inside(mean, both), height: both, members: [...last.members, ...block.members] };
    }
    blocks.push(block);
  }
  const places = wanted.map(() => 0);
  for (const { center, height, members } of blocks) {
    let above = center - height / 2;
    for (const member of members) {
      const own = wanted[member]?.height ?? 0;
      places[member] = above + own / 2;
      above += own;
    }
  }
  return places;
}

/** Room for the labels beside the plot. */
export const endLabelsWidth = (texts: readonly string[]): number =>
  Math.max(...texts.map(textWidth)) * BOLD + 24;

/** The labels in their lines' colours, with a leader where one had to move; lines that coincide share one leader. */
export function endLabels(labels: readonly EndLabel[], left: number, top: number, bottom: number): string {
  const places = pushedApart(
    labels.map(({ y, names }) => ({ y, height: names.length * LINE })),
    top,
    bottom,
  );
  return labels
    .map(({ names, x, y }, i) => {
      const at = places[i] ?? y;
      const reach = ((names.length - 1) * LINE) / 2;
      const ends = `${pixels(left + 14)} ${pixels(at)}`;
      const bracket =
        reach === 0 ? '' : `M${pixels(left + 14)} ${pixels(at - reach - 6)}v${pixels(2 * reach + 12)}`;
      const texts = names.map(({ text, style }, k) =>
        element(
          'g',
          { class: colourClass(style) },
          label(left + 18, at - reach + k * LINE + 4, 'start', text, 'own'),
        ),
      );
      const leader = element('path', {
        class: 'leader',
        d: `M${pixels(x + 5)} ${pixels(y)}L${ends}${bracket}`,
      });
      return element('g', { class: colourClass(names[0]?.style ?? 0) }, leader, ...texts);
    })
    .join('');
}
