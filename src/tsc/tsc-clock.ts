import { quietControl } from '../clock/control.ts';
import { type Native, nativeWithTsc } from '../native.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { calibrate } from './calibrate.ts';
import { hostSource, ROW } from './source.ts';

const CLOCK_MONOTONIC = 1;

/** Brackets tried for one anchor; the narrowest counts. */
const TRIES = 16;

/** The first rate, before the anchors give a better one. */
const FIRST_CALIBRATION_NS = 5 * NS_PER_MS;

/** Anchors that the rate is taken over: the kernel may change the rate of CLOCK_MONOTONIC at any time. */
const ANCHORS = 8;

/** ns = (ticks * mult) >> SHIFT; mult then stands for the rate to half a part per billion. */
const SHIFT = 32n;
const SCALE = 2 ** 32;

/** Beyond this many ticks (over 2 s) ticks * mult could pass 63 bits, and takes the slower way. */
const FAST_TICKS = 2n ** 31n;

/** An error is taken back within one interval by changing the rate by at most this. */
const MOST_SLEW = 0.1;

/** CLOCK_MONOTONIC at a TSC, known to within `halfNs`. */
interface Anchor {
  readonly tsc: bigint;
  readonly ns: bigint;
  readonly halfNs: number;
}

/** Words of the state that a reading takes: all in one array, so that nothing is allocated. */
const BASE_TSC = 0;
const BASE_NS = 1;
const MULT = 2;
const LAST_NS = 3;

export interface TscClockOptions {
  /** How often the clock is set by CLOCK_MONOTONIC, ms; 10 to 60 000. */
  readonly anchorEveryMs?: number;
}

/**
 * CLOCK_MONOTONIC in ns, read with one rdtsc and a multiplication.
 *
 * It never goes backwards. A timer sets it by the kernel's clock, by changing its rate and not its reading; the
 * timer does not keep the process alive. An instance belongs to the thread that made it.
 */
export class TscClock {
  readonly #state = new BigInt64Array(4);
  readonly #word = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #readTsc: () => void;
  readonly #addon: Native;
  readonly #anchors: Anchor[] = [];
  readonly #rows = new BigInt64Array(TRIES * ROW);
  readonly #timer: NodeJS.Timeout;
  readonly #everyNs: number;
  /** The clock's distance from the kernel's at the last anchor, and how fast the two may part, ns and ns per ns. */
  #offsetNs = 0;
  #rateErrorRatio: number;

  /**
   * Calibrates for 5 ms, then starts.
   *
   * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden; RangeError for an interval outside
   * 10 ms to 60 s.
   */
  constructor({ anchorEveryMs = 1000 }: TscClockOptions = {}) {
    if (!(anchorEveryMs >= 10 && anchorEveryMs <= 60_000)) {
      throw new RangeError(`anchorEveryMs must be between 10 and 60000, not ${anchorEveryMs}`);
    }
    this.#everyNs = anchorEveryMs * NS_PER_MS;
    this.#addon = nativeWithTsc();
    this.#readTsc = this.#addon.createTscReader(this.#word);
    const plan = { durationNs: FIRST_CALIBRATION_NS, clock: 'monotonic' } as const;
    const { tscHz, tscHzHigh } = calibrate(plan, hostSource(), quietControl).result;
    this.#rateErrorRatio = tscHzHigh / tscHz - 1;
    const anchor = this.#takeAnchor();
    this.#anchors.push(anchor);
    this.#setFrom(anchor.tsc, anchor.ns, NS_PER_S / tscHz);
    this.#timer = setInterval(() => this.#reanchor(), anchorEveryMs).unref();
  }

  /** CLOCK_MONOTONIC now, ns; never less than what it answered before. */
  now(): bigint {
    this.#readTsc();
    const state = this.#state;
    const ns = this.fromTsc(this.#word[0] as bigint);
    if (ns < (state[LAST_NS] as bigint)) return state[LAST_NS] as bigint;
    state[LAST_NS] = ns;
    return ns;
  }

  /** CLOCK_MONOTONIC at a TSC reading taken on this host, ns; as good as `errorBoundNs` near the present. */
  fromTsc(tsc: bigint): bigint {
    const state = this.#state;
    const ticks = BigInt.asIntN(64, tsc - (state[BASE_TSC] as bigint));
    if (ticks < FAST_TICKS && ticks > -FAST_TICKS) {
      return BigInt.asIntN(
        64,
        (state[BASE_NS] as bigint) + (BigInt.asIntN(64, ticks * (state[MULT] as bigint)) >> SHIFT),
      );
    }
    return (state[BASE_NS] as bigint) + ((ticks * (state[MULT] as bigint)) >> SHIFT);
  }

  /**
   * How far `now` may be from CLOCK_MONOTONIC at this moment, ns: the last anchor's half window, what was then
   * still to be taken back, and the rate's uncertainty since. Holds while the kernel keeps the rate of its clock; a
   * change of that by 1 ppm adds 1 ns for each ms until the next anchor.
   */
  errorBoundNs(): number {
    this.#readTsc();
    const last = this.#anchors.at(-1);
    const ticks = Number(BigInt.asIntN(64, (this.#word[0] as bigint) - (last?.tsc ?? 0n)));
    const elapsedNs = (ticks * Number(this.#state[MULT])) / SCALE;
    return (last?.halfNs ?? 0) + Math.abs(this.#offsetNs) + this.#rateErrorRatio * elapsedNs + 1;
  }

  /** Stops setting the clock; it goes on at its last rate. */
  close(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #setFrom(tsc: bigint, ns: bigint, nsPerTick: number): void {
    this.#state[BASE_TSC] = BigInt.asIntN(64, tsc);
    this.#state[BASE_NS] = ns;
    this.#state[MULT] = BigInt(Math.round(nsPerTick * SCALE));
  }

  #takeAnchor(): Anchor {
    const rows = this.#rows;
    this.#addon.readBrackets(CLOCK_MONOTONIC, false, rows);
    let best = 0;
    const windowAt = (i: number) => (rows[i + 2] as bigint) - (rows[i] as bigint);
    for (let i = ROW; i < rows.length; i += ROW) if (windowAt(i) < windowAt(best)) best = i;
    const half = windowAt(best) / 2n;
    const nsPerTick = this.#state[MULT] === 0n ? 1 : Number(this.#state[MULT]) / SCALE;
    return {
      tsc: (rows[best] as bigint) + half,
      ns: rows[best + 1] as bigint,
      halfNs: Number(half) * nsPerTick + 1,
    };
  }

  /** Takes the rate over the last anchors, and goes from where the clock is to where it should be by the next one. */
  #reanchor(): void {
    const anchor = this.#takeAnchor();
    this.#anchors.push(anchor);
    if (this.#anchors.length > ANCHORS) this.#anchors.shift();
    const first = this.#anchors[0] ?? anchor;
    const elapsedNs = Number(anchor.ns - first.ns);
    const ticks = Number(anchor.tsc - first.tsc);
    if (elapsedNs <= 0 || ticks <= 0) return;
    this.#rateErrorRatio = (anchor.halfNs + first.halfNs) / elapsedNs;
    const here = this.fromTsc(anchor.tsc);
    this.#offsetNs = Number(anchor.ns - here);
    if (this.#offsetNs > this.#everyNs) {
      // The system slept, or the process was stopped: forward is the one direction in which a clock may jump.
      this.#setFrom(anchor.tsc, anchor.ns, elapsedNs / ticks);
      this.#offsetNs = 0;
      return;
    }
    const slew = Math.max(-MOST_SLEW, Math.min(MOST_SLEW, this.#offsetNs / this.#everyNs));
    this.#setFrom(anchor.tsc, here, (elapsedNs / ticks) * (1 + slew));
  }
}
