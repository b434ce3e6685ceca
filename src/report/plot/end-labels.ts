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
export function spread(
  wanted: ReadonlyArray<{ readonly y: number; readonly height: number }>,
  top: number,
  bottom: number,
): number[] {
  const order = wanted.map((one, i) => ({ ...one, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  let blocks = order.map(({ y, height, i }) => ({ center: y, height, members: [i] }));
  // Neighbours that overlap become one block around their mean, until none does.
  for (;;) {
    const merged: typeof blocks = [];
    for (const block of blocks) {
      const low = top + block.height / 2;
      const high = Math.max(low, bottom - block.height / 2);
      const center = Math.min(high, Math.max(low, block.center));
      const last = merged.at(-1);
      if (last !== undefined && last.center + last.height / 2 > center - block.height / 2) {
        const height = last.height + block.height;
        last.center = (last.center * last.height + center * block.height) / height;
        last.height = height;
        last.members.push(...block.members);
      } else merged.push({ ...block, center, members: [...block.members] });
    }
    const settled = merged.length === blocks.length;
    blocks = merged;
    if (settled) break;
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
  const places = spread(
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
