import { stderr } from 'node:process';

const WIDTH = 24;

/** One line on stderr that is redrawn in place; nothing at all where stderr is no terminal. */
export class Progress {
  #shown = false;

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
    this.status(`${label.padEnd(10)} [${bar}] ${Math.floor(share * 100)} %`);
  }

  /** Removes the line, before something else is printed. */
  clear(): void {
    if (this.#shown) stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
