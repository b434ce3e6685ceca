import { textWidth } from './drawing.ts';
import { element, label, pixels } from './element.ts';

/** A name that wants to stand beside the end of its line. */
export interface EndLabel {
  readonly text: string;
  readonly style: number;
  /** Where its line ends. */
  readonly x: number;
  readonly y: number;
}

const LINE = 16;
/** How much wider than the other text the names are. */
const BOLD = 1.1;

/** Pushes the labels apart, in order, within [top, bottom], each as near to its line as the others let it. */
export function spread(wanted: readonly number[], top: number, bottom: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  let blocks = order.map(({ y, i }) => ({ center: y, members: [i] }));
  const half = (count: number) => (count * LINE) / 2;
  // Neighbours that overlap become one block around their mean, until none does.
  for (;;) {
    const merged: typeof blocks = [];
    for (const block of blocks) {
      const low = top + half(block.members.length);
      const high = Math.max(low, bottom - half(block.members.length));
      const center = Math.min(high, Math.max(low, block.center));
      const last = merged.at(-1);
      if (
        last !== undefined &&
        last.center + half(last.members.length) > center - half(block.members.length)
      ) {
        const count = last.members.length + block.members.length;
        last.center = (last.center * last.members.length + center * block.members.length) / count;
        last.members.push(...block.members);
      } else merged.push({ center, members: [...block.members] });
    }
    if (merged.length === blocks.length) {
      blocks = merged;
      break;
    }
    blocks = merged;
  }
  const places = wanted.map(() => 0);
  for (const { center, members } of blocks) {
    members.forEach((member, k) => {
      places[member] = center - half(members.length) + (k + 0.5) * LINE;
    });
  }
  return places;
}

/** Room for the labels beside the plot. */
export const endLabelsWidth = (texts: readonly string[]): number =>
  Math.max(...texts.map(textWidth)) * BOLD + 24;

/** The labels in their lines' colours, with a leader where one had to move. */
export function endLabels(labels: readonly EndLabel[], left: number, top: number, bottom: number): string {
  const places = spread(
    labels.map(({ y }) => y),
    top,
    bottom,
  );
  return labels
    .map(({ text, style, x, y }, i) => {
      const at = places[i] ?? y;
      const leader = `M${pixels(x + 5)} ${pixels(y)}L${pixels(left + 14)} ${pixels(at)}`;
      const content = label(left + 18, at + 4, 'start', text, 'own');
      return element('g', { class: `s${style}` }, element('path', { class: 'leader', d: leader }), content);
    })
    .join('');
}
