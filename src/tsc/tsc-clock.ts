/// <reference lib="esnext.disposable" preserve="true" />
import { quietControl } from '../clock/control.ts';
import { nativeWithTsc } from '../native.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { type Anchor, anchorTaker, type TakeAnchor } from './anchor.ts';
import { calibrate } from './calibrate.ts';
import { hostSource } from './source.ts';

/** The first rate, before the anchors give a better one. */
const FIRST_CALIBRATION_NS = 5 * NS_PER_MS;

/** Anchors that the rate is taken over: the kernel may change the rate of CLOCK_MONOTONIC at any time. */
const ANCHORS = 8;

/** ns = (ticks * mult) >> SHIFT; mult then stands for the rate to half a part per billion or so. */
const SHIFT = 30n;
const SCALE = 2 ** 30;
const MULT_ERROR_RATIO = 1e-9;

/** An error is taken back within one interval by changing the rate by at most this. */
const MOST_SLEW = 0.5;

/** An error beyond this share of the interval is no drift: the rate is then taken anew, from here on. */
const DISTURBED = 1e-3;

/** Words of the state that a reading takes: all in one array, so that nothing is allocated. */
const BASE_TSC = 0;
const BASE_NS = 1;
const MULT = 2;
/** Ticks up to which ticks * mult stays within 62 bits: four seconds of a 2.6 GHz TSC. */
const FAST_TICKS = 3;
const LAST_NS = 4;

/** How a `TscClock` is kept. */
export interface TscClockOptions {
  /** How often the clock is set by CLOCK_MONOTONIC, ms; 10 to 60 000. */
  readonly anchorEveryMs?: number;
}

/**
 * CLOCK_MONOTONIC in ns, read with one rdtsc and a multiplication, with a bound of its error, and on the scale of
 * TSC readings taken anywhere on the host.
 *
 * It never goes backwards. A timer sets it by the kernel's clock, by changing its rate and not its reading; the
 * timer does not keep the process alive. An instance belongs to the thread that made it, and relies on the TSCs of
 * all CPUs being in step, as the kernel does where its clocksource is `tsc`.
 *
 * A reading costs what `process.hrtime.bigint()` costs, about 37 ns on a 2.6 GHz Zen 5: from JavaScript either is
 * a call into native code, and that is most of it (scripts/bench/calibration.mjs prints both for this host).
 */
export class TscClock {
  readonly #state = new BigInt64Array(5);
  readonly #word = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #readTsc: () => void;
  readonly #anchors: Anchor[] = [];
  readonly #takeAnchor: TakeAnchor;
  readonly #timer: NodeJS.Timeout;
  readonly #everyNs: number;
  /** The rate without what takes an error back. */
  #nsPerTick: number;
  /** How far the rate may be off, ns per ns. */
  #rateErrorRatio: number;
  /** What was still to be taken back at the last anchor, ns. */
  #offsetNs = 0;

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
    const addon = nativeWithTsc();
    this.#readTsc = addon.createTscReader(this.#word);
    this.#takeAnchor = anchorTaker(addon);
    const plan = { durationNs: FIRST_CALIBRATION_NS, clock: 'monotonic' } as const;
    const { tscHz, tscHzHigh } = calibrate(plan, hostSource(), quietControl).result;
    this.#nsPerTick = NS_PER_S / tscHz;
    this.#rateErrorRatio = tscHzHigh / tscHz - 1;
    const anchor = this.#takeAnchor(this.#nsPerTick);
    this.#anchors.push(anchor);
    this.#setFrom(anchor.tsc, anchor.ns, 1);
    this.#timer = setInterval(() => this.#reanchor(), anchorEveryMs).unref();
  }

  /** CLOCK_MONOTONIC now, ns; never less than what it answered before. */
  now(): bigint {
    this.#readTsc();
    const state = this.#state;
    const ticks = BigInt.asIntN(64, (this.#word[0] as bigint) - (state[BASE_TSC] as bigint));
    const ns =
      ticks < (state[FAST_TICKS] as bigint)
        ? BigInt.asIntN(
            64,
            (state[BASE_NS] as bigint) + (BigInt.asIntN(64, ticks * (state[MULT] as bigint)) >> SHIFT),
          )
        : this.fromTsc(this.#word[0] as bigint);
    if (ns < (state[LAST_NS] as bigint)) return state[LAST_NS] as bigint;
    state[LAST_NS] = ns;
    return ns;
  }

  /** CLOCK_MONOTONIC at a TSC reading taken on this host, ns; as good as `errorBoundNs` near the present. */
  fromTsc(tsc: bigint): bigint {
    const state = this.#state;
    const ticks = BigInt.asIntN(64, tsc - (state[BASE_TSC] as bigint));
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
    const elapsedNs = ticks * this.#nsPerTick;
    // A timer that comes late lets the correction run past its aim.
    const left = Math.abs(this.#offsetNs) * Math.max(1, elapsedNs / this.#everyNs - 1);
    return (last?.halfNs ?? 0) + left + (this.#rateErrorRatio + MULT_ERROR_RATIO) * elapsedNs + 1;
  }

  /** Stops setting the clock; it goes on at its last rate. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @param speed how much faster than the rate the clock is to run: 1 is the rate. */
  #setFrom(tsc: bigint, ns: bigint, speed: number): void {
    this.#state[BASE_TSC] = BigInt.asIntN(64, tsc);
    this.#state[BASE_NS] = ns;
    const mult = BigInt(Math.round(this.#nsPerTick * speed * SCALE));
    this.#state[MULT] = mult;
    this.#state[FAST_TICKS] = 2n ** 62n / mult;
  }

  /** Takes the rate over the last anchors, and goes from where the clock is to where it should be by the next one. */
  #reanchor(): void {
    const anchor = this.#takeAnchor(this.#nsPerTick);
    const here = this.fromTsc(anchor.tsc);
    this.#offsetNs = Number(anchor.ns - here);
    if (Math.abs(this.#offsetNs) > DISTURBED * this.#everyNs) this.#anchors.length = 0;
    this.#anchors.push(anchor);
    if (this.#anchors.length > ANCHORS) this.#anchors.shift();
    const first = this.#anchors[0] ?? anchor;
    const elapsedNs = Number(anchor.ns - first.ns);
    if (elapsedNs > 0) {
      this.#nsPerTick = elapsedNs / Number(anchor.tsc - first.tsc);
      this.#rateErrorRatio = (anchor.halfNs + first.halfNs) / elapsedNs;
    }
    if (this.#offsetNs > this.#everyNs) {
      // The process was stopped, or the machine paused: forward is the one direction in which a clock may jump.
      this.#offsetNs = 0;
      this.#setFrom(anchor.tsc, anchor.ns, 1);
      return;
    }
    const slew = Math.max(-MOST_SLEW, Math.min(MOST_SLEW, this.#offsetNs / this.#everyNs));
    this.#setFrom(anchor.tsc, here, 1 + slew);
  }
}
