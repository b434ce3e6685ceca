import { CLOCK_IDS, type ClockName } from '../host/clocks.ts';
import { currentClocksource } from '../host/clocksource.ts';
import type { Fact } from '../host/fact.ts';
import { type Conversion, vvarConversion } from '../host/vvar.ts';
import { nativeWithTsc } from '../native.ts';

/** With the default timer slack of 50 us, a shorter sleep would overshoot by its own length. */
const SHORTEST_SLEEP_NS = 100_000;

/** The host as calibration sees it; tests script one that misbehaves on purpose. */
export interface BracketSource {
  /** Fills `out` with rows of four words. */
  readBrackets(clock: ClockName, out: BigInt64Array): void;
  /** Lets `ns` pass, give or take the scheduler: asleep, or awake where that is too short to sleep. */
  wait(ns: number): void;
  /** A number from 0 to 1 by which pauses differ, so that they keep no step with anything periodic. */
  random(): number;
  /** Name of the kernel's clocksource at this moment. */
  clocksource(): Fact<string>;
  /** What the kernel itself says that it makes CLOCK_MONOTONIC_RAW of the TSC by; absent where nobody can tell. */
  conversion?(): Fact<Conversion>;
}

/**
 * The real host.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden.
 */
export function hostSource(): BracketSource {
  const addon = nativeWithTsc();
  const now = new BigInt64Array(new SharedArrayBuffer(16));
  const reached = new BigInt64Array(2);
  const readNow = addon.createPairReader(now);
  return {
    readBrackets: (clock, out) => addon.readBrackets(CLOCK_IDS[clock], false, out),
    wait: (ns) => {
      readNow();
      const deadline = (now[0] ?? 0n) + BigInt(Math.round(ns));
      if (ns < SHORTEST_SLEEP_NS) addon.sleepThenSpin(deadline, SHORTEST_SLEEP_NS, reached);
      else addon.sleepUntil(deadline, reached);
    },
    random: Math.random,
    clocksource: currentClocksource,
    conversion: vvarConversion,
  };
}
