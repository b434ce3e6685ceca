import { narrowestRow, newRows } from '../../clock/bracket-rows.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { BracketSource } from '../../tsc/source.ts';

/** Brackets taken of each clock for one sample; the narrowest one counts. */
const BURST = 8;

/** A burst whose narrowest bracket is this many times the narrowest ever is a disturbed one. */
const WIDEST = 3;

/** This many disturbed bursts in a row are not a disturbance: the clock takes longer to read now, as after a migration. */
const PATIENCE = 8;

/** What the sampler knows of one clock. */
export interface ClockPhase {
  readonly name: ClockName;
  /**
   * The clock's time less the TSC's since the first sample, ns. Sums of small differences, so that it stays exact
   * to a fraction of a nanosecond over months.
   */
  phase: number;
  /** Half the bracket's window, ns: the hard bound of this phase's error. */
  halfWindow: number;
  /** False where the last sample of this clock was rejected; `phase` is then an old one. */
  fresh: boolean;
  rejected: number;
  /** Those among the rejected whose thread moved to another CPU in every bracket. */
  moved: number;
}

/** The clocks of a host, read at nearly one moment again and again. */
export class Sampler {
  readonly clocks: readonly ClockPhase[];
  /** The CPU of the last sample; -1 where the thread moved during every bracket. */
  cpu = -1;
  readonly #source: Pick<BracketSource, 'readBrackets'>;
  readonly #nsPerTick: number;
  readonly #rows = newRows(BURST);
  readonly #last: BigInt64Array;
  readonly #narrowest: Float64Array;
  /** Of each clock: wide bursts in a row, and the narrowest among them. */
  readonly #wide: { count: number; narrowest: number }[];

  /** @param tscHz what one tick is taken for. */
  constructor(source: Pick<BracketSource, 'readBrackets'>, names: readonly ClockName[], tscHz: number) {
    this.#source = source;
    this.#nsPerTick = 1e9 / tscHz;
    this.clocks = names.map((name) => ({
      name,
      phase: 0,
      halfWindow: 0,
      fresh: false,
      rejected: 0,
      moved: 0,
    }));
    this.#last = new BigInt64Array(names.length * 2);
    this.#narrowest = new Float64Array(names.length).fill(Infinity);
    this.#wide = names.map(() => ({ count: 0, narrowest: Infinity }));
    for (let i = 0; i < names.length; i++) this.#start(i);
  }

  /** Reads every clock and updates `clocks` and `cpu`. */
  take(): void {
    for (let i = 0; i < this.clocks.length; i++) this.#sample(i);
  }

  /** One clock less another as they were last read, to the ns: both moved to one moment of the TSC. */
  difference(name: ClockName, reference: ClockName): bigint {
    const [i, j] = [this.#index(name), this.#index(reference)];
    const word = (at: number) => this.#last[at] as bigint;
    const ticks = Number(BigInt.asIntN(64, word(i * 2 + 1) - word(j * 2 + 1))) / 2;
    return word(i * 2) - word(j * 2) - BigInt(Math.round(ticks * this.#nsPerTick));
  }

  #index(name: ClockName): number {
    return this.clocks.findIndex((clock) => clock.name === name);
  }

  /** @returns the narrowest row of a burst of this clock; its CPU is -1 where the thread moved in every one. */
  #burst(i: number): number {
    this.#source.readBrackets((this.clocks[i] as ClockPhase).name, this.#rows);
    return narrowestRow(this.#rows);
  }

  /** A burst to warm the caches, then the origin of the phase. */
  #start(i: number): void {
    this.#burst(i);
    this.#keep(i, this.#burst(i));
  }

  /** Whether a window is near the narrowest ever, or has been wide for long enough to be the new normal. */
  #usual(i: number, window: number): boolean {
    const narrowest = Math.min(this.#narrowest[i] as number, window);
    const wide = this.#wide[i] as { count: number; narrowest: number };
    this.#narrowest[i] = narrowest;
    if (window <= narrowest * WIDEST + 20) {
      wide.count = 0;
      wide.narrowest = Infinity;
      return true;
    }
    wide.count += 1;
    wide.narrowest = Math.min(wide.narrowest, window);
    if (wide.count < PATIENCE) return false;
    this.#narrowest[i] = wide.narrowest;
    return window <= wide.narrowest * WIDEST + 20;
  }

  #keep(i: number, row: number): void {
    const rows = this.#rows;
    this.#last[i * 2] = rows[row + 1] as bigint;
    this.#last[i * 2 + 1] = middleOf(rows, row);
  }

  #sample(i: number): void {
    const rows = this.#rows;
    const clock = this.clocks[i] as ClockPhase;
    const row = this.#burst(i);
    const window = windowOf(rows, row) * this.#nsPerTick;
    this.cpu = Number(rows[row + 3]);
    clock.fresh = this.cpu !== -1 && window > 0 && this.#usual(i, window);
    if (!clock.fresh) {
      clock.rejected += 1;
      if (this.cpu === -1) clock.moved += 1;
      return;
    }
    const passed = Number(BigInt.asIntN(64, (rows[row + 1] as bigint) - (this.#last[i * 2] as bigint)));
    const ticks = Number(BigInt.asIntN(64, middleOf(rows, row) - (this.#last[i * 2 + 1] as bigint))) / 2;
    clock.phase += passed - ticks * this.#nsPerTick;
    clock.halfWindow = window / 2;
    this.#keep(i, row);
  }
}

const windowOf = (rows: BigInt64Array, row: number): number =>
  Number(BigInt.asIntN(64, (rows[row + 2] as bigint) - (rows[row] as bigint)));

/** Twice the middle of a bracket: half ticks stay whole. */
const middleOf = (rows: BigInt64Array, row: number): bigint =>
  BigInt.asIntN(64, (rows[row] as bigint) + (rows[row + 2] as bigint));
