import { byId } from './dom.ts';
import type { Ends } from './ends.ts';

/** What is shown: the last seconds, moving on; or a stretch that stands still. Unix seconds. */
export type Range = { readonly last: number } | { readonly from: number; readonly to: number };

/** What is shown where nothing else is asked for, s: a day, or what there is of it. */
export const USUAL: Range = { last: 86_400 };

/**
 * The range's ends at this moment.
 *
 * @param oldest when the oldest run began, Unix seconds: a range that moves on does not begin before it.
 */
export function endsOf(range: Range, oldest: number, now = Date.now() / 1000): Ends {
  return 'last' in range ? { from: Math.min(now - 1, Math.max(now - range.last, oldest)), to: now } : range;
}

const input = (id: string) => byId<HTMLInputElement>(id);

/** The value of a datetime-local field for a time. */
const fieldOf = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};

/** The text that the address holds, so that a view can be sent to somebody. */
export const hashOf = (range: Range): string =>
  'last' in range ? `#last=${range.last}` : `#from=${range.from.toFixed(3)}&to=${range.to.toFixed(3)}`;

/** The range that an address asks for; null where it asks for none. */
export function rangeOf(hash: string): Range | null {
  const words = new URLSearchParams(hash.slice(1));
  const [last, from, to] = ['last', 'from', 'to'].map((name) => Number(words.get(name) ?? Number.NaN));
  if (last !== undefined && last >= 60 && last <= 86_400 * 3650) return { last };
  return from !== undefined && to !== undefined && from > 0 && to > from ? { from, to } : null;
}

/** Shows a range in the controls. */
export function showRange(range: Range, { from, to }: Ends): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=last]')) {
    radio.checked = 'last' in range && Number(radio.value) === range.last;
  }
  byId('back').hidden = 'last' in range;
  // Not under the hands of somebody who is typing.
  if (input('from').closest('.exact')?.contains(document.activeElement) === true) return;
  input('from').value = fieldOf(from);
  input('to').value = fieldOf(to);
}

/** Calls `choose` for each range that the reader picks. */
export function watchRange(choose: (range: Range) => void): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=last]')) {
    radio.addEventListener('change', () => choose({ last: Number(radio.value) }));
  }
  byId('apply').addEventListener('click', () => {
    const from = new Date(input('from').value).getTime() / 1000;
    const to = new Date(input('to').value).getTime() / 1000;
    const problem = byId('range-problem');
    problem.textContent = from < to ? '' : 'The start must be earlier than the end.';
    if (from < to) choose({ from, to });
  });
}
