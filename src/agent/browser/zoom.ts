import type uPlot from 'uplot';
import { type Ends, scaled } from './ends.ts';

/** What zooming does to the page. */
export interface Zoomed {
  /** Shows these ends at once; what they hold is asked for when the hand rests. */
  move(ends: Ends): void;
  back(): void;
}

/** One notch of a wheel, or 100 px of a touch pad, makes the range this much longer or shorter. */
const NOTCH = 1.25;
const timeAt = (plot: uPlot, clientX: number): number =>
  plot.posToVal(clientX - plot.over.getBoundingClientRect().left, 'x');

/**
 * Zooms by a wheel with Ctrl (which is what a pinch on a touch pad sends) or where the drawing has the focus, so that
 * the page can still be scrolled past it, and by two fingers.
 */
export const zooming = (ends: () => Ends, { move }: Zoomed): uPlot.Plugin => ({
  hooks: {
    ready: (plot) => {
      const { over } = plot;
      over.addEventListener(
        'wheel',
        (event) => {
          const focused = plot.root.parentElement?.contains(document.activeElement) === true;
          if (!event.ctrlKey && !event.metaKey && !focused) return;
          event.preventDefault();
          const notches = event.deltaY / (event.deltaMode === 0 ? 100 : 3);
          move(scaled(ends(), timeAt(plot, event.clientX), NOTCH ** Math.max(-4, Math.min(4, notches))));
        },
        { passive: false },
      );
      let fingers: readonly [number, number] | null = null;
      const read = ({ touches: [a, b] }: TouchEvent): readonly [number, number] | null =>
        a === undefined || b === undefined || Math.abs(a.clientX - b.clientX) < 10
          ? null
          : [timeAt(plot, a.clientX), timeAt(plot, b.clientX)];
      over.addEventListener('touchstart', (event) => {
        fingers = read(event);
      });
      over.addEventListener('touchend', () => {
        fingers = null;
      });
      over.addEventListener(
        'touchmove',
        (event) => {
          const now = read(event);
          if (fingers === null || now === null) return;
          event.preventDefault();
          // The times under both fingers stay under them.
          const factor = (fingers[1] - fingers[0]) / (now[1] - now[0]);
          if (!Number.isFinite(factor) || factor <= 0) return;
          const next = scaled(ends(), now[0], factor);
          const shift = fingers[0] - now[0];
          move({ from: next.from + shift, to: next.to + shift });
        },
        { passive: false },
      );
    },
  },
});
