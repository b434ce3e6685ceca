import { type Bracket, bracketAt, narrowestRow, newRows } from '../../clock/bracket-rows.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { BracketSource } from '../../tsc/source.ts';

/** Brackets taken of each clock for one sample; the narrowest one counts. */
const BURST = 8;

/** A burst whose narrowest bracket is this many times the narrowest ever is a disturbed one. */
const WIDEST = 3;

/** This many disturbed bursts in a row are not a disturbance: the clock takes longer to read now, as after a migration. */
const PATIENCE = 8;

/** Whether a window is that of an undisturbed burst, given the narrowest, ns. */
const isUsual = (window: number, narrowest: number): boolean => window <= narrowest * WIDEST + 20;

/** A counter's later value less an earlier one. */
const ticksBetween = (earlier: bigint, later: bigint): number => Number(BigInt.asIntN(64, later - earlier));

/** Twice the middle of a bracket: half ticks stay whole. */
const twiceMiddle = ({ before, after }: Bracket): bigint => before + after;

/** One clock of the kernel, read beside the TSC again and again. */
export class SampledClock {
  readonly name: ClockName;
  /**
   * The clock's time less the TSC's since the first sample, ns. Sums of small differences, so that it stays exact
   * to a fraction of a nanosecond over months.
   */
  phase = 0;
  /** Half the bracket's window, ns: the hard bound of this phase's error. */
  halfWindow = 0;
  /** False where the last sample of this clock was rejected; `phase` is then an old one. */
  fresh = false;
  rejected = 0;
  /** Those among the rejected whose thread moved to another CPU in every bracket. */
  moved = 0;
  readonly #burst: (name: ClockName) => Burst;
  readonly #nsPerTick: number;
  /** The last sample that counts. */
  #last: Bracket;
  #narrowest = Infinity;
  /** Wide bursts in a row, and the narrowest among them. */
  #wide = 0;
  #narrowestWide = Infinity;

  /** Takes a burst to warm the caches, then the origin of the phase. */
  constructor(name: ClockName, burst: (name: ClockName) => Burst, nsPerTick: number) {
    this.name = name;
    this.#burst = burst;
    this.#nsPerTick = nsPerTick;
    burst(name);
    this.#last = burst(name).bracket;
  }

  /** Reads it. @returns the CPU; -1 where the thread moved during every bracket. */
  sample(): number {
    const { bracket, cpu } = this.#burst(this.name);
    const window = ticksBetween(bracket.before, bracket.after) * this.#nsPerTick;
    this.fresh = cpu !== -1 && window > 0 && this.#usual(window);
    if (!this.fresh) {
      this.rejected += 1;
      if (cpu === -1) this.moved += 1;
      return cpu;
    }
    const passed = Number(BigInt.asIntN(64, bracket.ns - this.#last.ns));
    const ticks = ticksBetween(twiceMiddle(this.#last), twiceMiddle(bracket)) / 2;
    this.phase += passed - ticks * this.#nsPerTick;
    this.halfWindow = window / 2;
    this.#last = bracket;
    return cpu;
  }

  /** This clock less another as they were last read, to the ns: both moved to one moment of the TSC. */
  minus(other: SampledClock): bigint {
    const ticks = ticksBetween(twiceMiddle(other.#last), twiceMiddle(this.#last)) / 2;
    return this.#last.ns - other.#last.ns - BigInt(Math.round(ticks * this.#nsPerTick));
  }

  /** Whether a window is near the narrowest ever, or has been wide for long enough to be the new normal. */
  #usual(window: number): boolean {
    this.#narrowest = Math.min(this.#narrowest, window);
    if (isUsual(window, this.#narrowest)) {
      this.#wide = 0;
      this.#narrowestWide = Infinity;
      return true;
    }
    this.#wide += 1;
    this.#narrowestWide = Math.min(this.#narrowestWide, window);
    if (this.#wide < PATIENCE) return false;
    this.#narrowest = this.#narrowestWide;
    return isUsual(window, this.#narrowest);
  }
}

/** The narrowest bracket of some taken together, and its CPU; -1 where the thread moved in every one. */
interface Burst {
  readonly bracket: Bracket;
  readonly cpu: number;
}

/** The clocks of a host, read at nearly one moment again and again. */
export class Sampler {
  readonly clocks: readonly SampledClock[];
  /** The CPU of the last sample; -1 where the thread moved during every bracket. */
  cpu = -1;

  /** @param tscHz what one tick is taken for. */
  constructor(source: Pick<BracketSource, 'readBrackets'>, names: readonly ClockName[], tscHz: number) {
    const rows = newRows(BURST);
    const burst = (name: ClockName): Burst => {
      source.readBrackets(name, rows);
      const row = narrowestRow(rows);
      return { bracket: bracketAt(rows, row), cpu: Number(rows[row + 3]) };
    };
    this.clocks = names.map((name) => new SampledClock(name, burst, 1e9 / tscHz));
  }

  /** Reads every clock, and updates `cpu`. */
  take(): void {
    for (const clock of this.clocks) this.cpu = clock.sample();
  }

  /** @throws RangeError for one that is not sampled. */
  clock(name: ClockName): SampledClock {
    const found = this.clocks.find((clock) => clock.name === name);
    if (found === undefined) throw new RangeError(`${name} is not sampled`);
    return found;
  }
}
