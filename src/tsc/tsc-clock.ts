/// <reference lib="esnext.disposable" preserve="true" />
import { type Native, nativeWithTsc } from '../native.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { type Anchor, anchorTaker, type TakeAnchor } from './anchor.ts';
import type { ClockOfTsc } from './clock-of-tsc.ts';

/** The first rate is taken over this long, before the anchors give a better one. */
const FIRST_RATE_NS = BigInt(5 * NS_PER_MS);

/** Anchors that the rate is taken over: the kernel may change the rate of CLOCK_MONOTONIC at any time. */
const ANCHORS = 8;

/** ns = (ticks * mult) >> SHIFT; mult then stands for the rate to half a part per billion or so. */
const SHIFT = 30n;
const SCALE = 2 ** 30;
const MULT_ERROR_RATIO = 1e-9;

/** The first anchors come this soon, each next one after as long as all before it, up to the interval asked for. */
const FIRST_ANCHOR_MS = 20;

/** `anchor` called again within this does nothing. */
const SOONEST_ANCHOR_NS = NS_PER_MS;

const OPTIONS: readonly string[] = ['anchorEveryMs'];

/** An error is taken back within one interval by changing the rate by at most this. */
const MOST_SLEW = 0.5;

/** An error beyond this share of the interval is more than drift: the rate is then measured again, from here on. */
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
  /** How often the clock is set by CLOCK_MONOTONIC, ms; 10 to 60 000. In its first seconds more often. */
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
export class TscClock implements ClockOfTsc {
  readonly #state = new BigInt64Array(5);
  readonly #word = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #readTsc: () => void;
  readonly #anchors: Anchor[] = [];
  readonly #takeAnchor: TakeAnchor;
  readonly #sleep: Native['sleepUntil'];
  readonly #spin: Native['spinUntilTsc'];
  readonly #reached = new BigInt64Array(2);
  readonly #everyNs: number;
  #timer: NodeJS.Timeout | null = null;
  /** Until the next anchor, ns. */
  #intervalNs = FIRST_ANCHOR_MS * NS_PER_MS;
  #last: Anchor;
  /** The rate without what takes an error back. */
  #nsPerTick: number;
  /** How far the rate may be off, ns per ns. */
  #rateErrorRatio: number;
  /** What was still to be taken back at the last anchor, ns. */
  #offsetNs = 0;

  /**
   * Takes a first rate over 5 ms, then starts.
   *
   * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden; RangeError for an interval outside
   * 10 ms to 60 s; TypeError for an option that there is not.
   */
  constructor(options: TscClockOptions = {}) {
    for (const name of Object.keys(options)) {
      if (!OPTIONS.includes(name)) {
        throw new TypeError(`TscClock has no option ${name}; it has ${OPTIONS.join(', ')}`);
      }
    }
    const { anchorEveryMs = 1000 } = options;
    if (!(anchorEveryMs >= 10 && anchorEveryMs <= 60_000)) {
      throw new RangeError(`anchorEveryMs must be between 10 and 60000, not ${anchorEveryMs}`);
    }
    this.#everyNs = anchorEveryMs * NS_PER_MS;
    const addon = nativeWithTsc();
    this.#readTsc = addon.createTscReader(this.#word);
    this.#takeAnchor = anchorTaker(addon);
    this.#sleep = addon.sleepUntil;
    this.#spin = addon.spinUntilTsc;
    const first = this.#takeAnchor(1);
    this.#sleep(first.ns + FIRST_RATE_NS, this.#reached);
    const second = this.#takeAnchor(1);
    this.#nsPerTick = Number(second.ns - first.ns) / Number(second.tsc - first.tsc);
    this.#last = this.#takeAnchor(this.#nsPerTick);
    // Their halves are in ticks still.
    const widthNs = (first.halfNs + second.halfNs) * this.#nsPerTick + 2;
    this.#rateErrorRatio = widthNs / Number(second.ns - first.ns);
    this.#anchors.push(this.#last);
    this.#setFrom(this.#last.tsc, this.#last.ns, 1);
    this.#intervalNs = Math.min(this.#intervalNs, this.#everyNs);
    this.#schedule();
  }

  get hz(): number {
    return NS_PER_S / this.#nsPerTick;
  }

  rdtsc(): bigint {
    this.#readTsc();
    return BigInt.asUintN(64, this.#word[0] as bigint);
  }

  now(): bigint {
    this.#read();
    return this.#state[LAST_NS] as bigint;
  }

  nowNumber(): number {
    this.#read();
    return Number(this.#state[LAST_NS]);
  }

  nowInto(out: BigInt64Array, index = 0): void {
    this.#read();
    out[index] = this.#state[LAST_NS] as bigint;
  }

  /** Reads the counter, and leaves the time in the state. */
  #read(): void {
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
    if (ns > (state[LAST_NS] as bigint)) state[LAST_NS] = ns;
  }

  /** The TSC at a time of CLOCK_MONOTONIC, ticks; as good as `errorBoundNs` near the present. */
  toTsc(ns: bigint): bigint {
    const state = this.#state;
    const ticks = ((ns - (state[BASE_NS] as bigint)) << SHIFT) / (state[MULT] as bigint);
    return BigInt.asUintN(64, (state[BASE_TSC] as bigint) + ticks);
  }

  elapsed(from: bigint, to: bigint = this.rdtsc()): number {
    return Number(BigInt.asIntN(64, to - from)) * this.#nsPerTick;
  }

  anchor(): void {
    this.#readTsc();
    const since = BigInt.asIntN(64, (this.#word[0] as bigint) - this.#last.tsc);
    if (Number(since) * this.#nsPerTick < SOONEST_ANCHOR_NS) return;
    this.#reanchor();
  }

  spinUntil(ns: bigint): void {
    while (this.now() < ns) this.#spin(BigInt.asIntN(64, this.toTsc(ns)), this.#reached);
  }

  sleepUntil(ns: bigint): void {
    while (this.now() < ns) this.#sleep(ns, this.#reached);
  }

  toDate(ns: bigint = this.now()): Date {
    return new Date(Date.now() + Number(ns - this.now()) / NS_PER_MS);
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
    const ticks = Number(BigInt.asIntN(64, (this.#word[0] as bigint) - this.#last.tsc));
    const elapsedNs = ticks * this.#nsPerTick;
    // A timer that comes late lets the correction run past its aim.
    const left = Math.abs(this.#offsetNs) * Math.max(1, elapsedNs / this.#intervalNs - 1);
    return this.#last.halfNs + left + (this.#rateErrorRatio + MULT_ERROR_RATIO) * elapsedNs + 1;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

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

  /** The next anchor is taken after `#intervalNs`; the timer keeps no process alive. */
  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#reanchor();
      this.#schedule();
    }, this.#intervalNs / NS_PER_MS).unref();
  }

  /** Keeps this anchor for the rate: the oldest go once they are too old, else the last makes room for this one. */
  #keep(anchor: Anchor): void {
    const anchors = this.#anchors;
    if (anchors.length === ANCHORS) {
      const oldNs = Number(anchor.ns - (anchors[0] as Anchor).ns);
      if (oldNs >= (ANCHORS - 1) * this.#everyNs) anchors.shift();
      else anchors.pop();
    }
    anchors.push(anchor);
  }

  /** Takes the rate over the last anchors, and goes from where the clock is to where it should be by the next one. */
  #reanchor(): void {
    const anchor = this.#takeAnchor(this.#nsPerTick);
    const here = this.fromTsc(anchor.tsc);
    const sinceNs = Number(anchor.ns - this.#last.ns);
    this.#last = anchor;
    this.#offsetNs = Number(anchor.ns - here);
    if (Math.abs(this.#offsetNs) > DISTURBED * Math.max(sinceNs, this.#intervalNs)) this.#anchors.length = 0;
    this.#keep(anchor);
    const first = this.#anchors[0] ?? anchor;
    const elapsedNs = Number(anchor.ns - first.ns);
    if (elapsedNs > 0) {
      this.#nsPerTick = elapsedNs / Number(anchor.tsc - first.tsc);
      this.#rateErrorRatio = (anchor.halfNs + first.halfNs) / elapsedNs;
    }
    this.#intervalNs = Math.min(this.#everyNs, Math.max(FIRST_ANCHOR_MS * NS_PER_MS, elapsedNs));
    if (this.#offsetNs > this.#intervalNs) {
      // The process was stopped, or the machine paused: forward is the one direction in which a clock may jump.
      this.#offsetNs = 0;
      this.#setFrom(anchor.tsc, anchor.ns, 1);
      return;
    }
    const slew = Math.max(-MOST_SLEW, Math.min(MOST_SLEW, this.#offsetNs / this.#intervalNs));
    this.#setFrom(anchor.tsc, here, 1 + slew);
  }
}
