import type uPlot from 'uplot';
import { byId, make, narrow } from './dom.ts';

/** uPlot itself comes from its own script, which the page loads first. */
const { uPlot: UPlot } = globalThis as unknown as { readonly uPlot: typeof uPlot };

/** One drawing with its heading, its reading for the pointer and the keyboard, and what it is. */
export interface Figure {
  setData(data: uPlot.AlignedData): void;
  /** Takes the ends of the time axis anew. */
  rescale(): void;
}

const redraws: (() => void)[] = [];
/** Draws every figure again, in the colours and the width of this moment. */
export const renewFigures = (): void => {
  for (const redraw of redraws) redraw();
};

/** What a figure shows. */
export interface FigureOptions {
  readonly title: string;
  readonly caption: string;
  /** Stands in the place of a drawing that would be empty. */
  readonly empty: string;
  /** What the colours mean, where there are several: words and the number of the colour. */
  readonly keys?: ReadonlyArray<readonly [text: string, colour: number]>;
  /** The rest of uPlot's options, in the colours of this moment. */
  options(): Omit<uPlot.Options, 'width' | 'height'>;
  /** What the point under the cursor is, in words. */
  read(plot: uPlot, index: number): string;
}

const sizeIn = (place: HTMLElement) => ({ width: place.clientWidth, height: narrow() ? 200 : 240 });

/** The first index from `index` on, in the direction of `step`, at which there is something to read. */
function nearestKnown(data: uPlot.AlignedData, index: number, step: number): number {
  const known = (i: number) => data.slice(1).some((column) => column[i] != null);
  let found = index;
  while (found >= 0 && found < data[0].length && !known(found)) found += Math.sign(step);
  return found >= 0 && found < data[0].length ? found : index;
}

/** Moves the cursor with the arrow keys, so that every point can be read without a pointer. */
function moveByKeys(place: HTMLElement, plot: () => uPlot): void {
  place.addEventListener('keydown', (event) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 };
    const step = steps[event.key];
    const { data, cursor } = plot();
    const last = data[0].length - 1;
    if ((step === undefined && event.key !== 'Home' && event.key !== 'End') || last < 0) return;
    event.preventDefault();
    const at = event.key === 'Home' ? 0 : event.key === 'End' ? last : (cursor.idx ?? last) + (step ?? 0);
    const index = nearestKnown(data, Math.max(0, Math.min(last, at)), at >= last ? -1 : (step ?? 1));
    // The third argument, which the types leave out, tells the drawings that follow this cursor.
    const setCursor: (at: { left: number; top: number }, ...flags: boolean[]) => void = plot().setCursor;
    setCursor({ left: plot().valToPos(data[0][index] ?? 0, 'x'), top: 10 }, true, true);
  });
}

function keyOf(text: string, colour: number): HTMLElement {
  const item = make('li', text);
  item.prepend(make('i', '', { class: `key s${colour}`, 'aria-hidden': 'true' }));
  return item;
}

/** Adds a figure to the page. */
export function addFigure(
  parent: string,
  { title, caption, empty, keys = [], options, read }: FigureOptions,
): Figure {
  const figure = make('figure');
  const reading = make('p', '', { class: 'reading' });
  const place = make('div', '', {
    class: 'plot',
    tabindex: '0',
    role: 'application',
    'aria-label': `${title}. Arrow keys move along the points.`,
  });
  const nothing = make('p', empty, { class: 'empty' });
  const legend = make('ul', '', { class: 'keys' });
  legend.append(...keys.map(([text, colours]) => keyOf(text, colours)));
  figure.append(
    make('h3', title),
    ...(keys.length > 0 ? [legend] : []),
    reading,
    nothing,
    place,
    make('figcaption', caption),
  );
  byId(parent).append(figure);
  // The other drawings follow the cursor, and would all speak at once.
  place.addEventListener('focus', () => reading.setAttribute('aria-live', 'polite'));
  place.addEventListener('blur', () => reading.removeAttribute('aria-live'));
  let data: uPlot.AlignedData = [[]];
  const create = (): uPlot => {
    const given = options();
    const show = (plot: uPlot) => {
      const { idx } = plot.cursor;
      reading.textContent = idx == null ? '' : read(plot, idx);
    };
    const hooks = { ...given.hooks, setCursor: [show] };
    return new UPlot({ ...given, ...sizeIn(place), legend: { show: false }, hooks }, data, place);
  };
  let plot = create();
  redraws.push(() => {
    plot.destroy();
    plot = create();
  });
  moveByKeys(place, () => plot);
  return {
    setData: (next) => {
      data = next;
      nothing.hidden = next.slice(1).some((column) => Array.from(column).some((value) => value != null));
      place.hidden = !nothing.hidden;
      plot.setData(next);
      // Made while it was hidden, it has no width.
      if (nothing.hidden && plot.width !== place.clientWidth) plot.setSize(sizeIn(place));
    },
    // The ends given are not used: the options have a function for them.
    rescale: () => plot.setScale('x', { min: 0, max: 1 }),
  };
}
