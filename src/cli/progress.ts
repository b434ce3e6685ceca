import { stderr } from 'node:process';

const WIDTH = 24;

/** One of several things done one after another, and about how long it and those after it take. */
export interface Step {
  readonly number: number;
  readonly of: number;
  readonly seconds: number;
  readonly secondsAfter: number;
}

const inStep = ({ number, of, seconds, secondsAfter }: Step, text: string, share: number): string =>
  `${number} of ${of}: ${text}, about ${Math.ceil(secondsAfter + seconds * (1 - share))} s left`;

/** One line on stderr that is redrawn in place; nothing at all where stderr is not a terminal. */
export class ProgressLine {
  #shown = false;
  #step: Step | null = null;

  /** What the bars from now on are a part of. */
  step(step: Step): void {
    this.#step = step;
  }

  /** Replaces the line by `text`. */
  status(text: string): void {
    if (!stderr.isTTY) return;
    stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns || 80) - 1)}`);
    this.#shown = true;
  }

  /** A bar for `label`: `done` out of `total`. */
  bar(label: string, done: number, total: number): void {
    const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
    const filled = Math.round(share * WIDTH);
    const bar = '#'.repeat(filled) + '.'.repeat(WIDTH - filled);
    const text = `${label.padEnd(10)} [${bar}] ${Math.floor(share * 100)} %`;
    this.status(this.#step === null ? text : inStep(this.#step, text, share));
  }

  /** Removes the line, before something else is printed. */
  clear(): void {
    if (this.#shown) stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
