import { KTIME, newReading, type TimeSource, TSC } from './time-source.ts';

/** Clocks that stand still until they are set: the replay of a recording. They may go backwards. */
export class ScriptedClock implements TimeSource {
  readonly reading = newReading();
  readonly #next = newReading();

  read(): void {
    this.reading[KTIME] = this.#next[KTIME];
    this.reading[TSC] = this.#next[TSC];
  }

  /** What every reading shows from now on. */
  set(ktime: bigint, tsc: bigint): void {
    this.#next[KTIME] = ktime;
    this.#next[TSC] = tsc;
  }
}
