import type { ClockName } from '../../src/host/clocks.ts';
import type { Fact } from '../../src/host/fact.ts';
import { known } from '../../src/host/fact.ts';
import type { BracketSource } from '../../src/tsc/source.ts';

/** What the counters of a scripted host do at this moment; a script changes them. */
export interface Counters {
  /** Ticks of the TSC for each ns of true time. */
  ticksPerNs: number;
  /** Rate of CLOCK_MONOTONIC and all that follow it, against true time. */
  steered: number;
  /** Since the start, like all that follow: doubles that pass 2^40 would lose fractions at each step. */
  tsc: number;
  raw: number;
  monotonic: number;
  /** CLOCK_REALTIME less CLOCK_MONOTONIC, and CLOCK_BOOTTIME less CLOCK_MONOTONIC. */
  realtimeOffset: number;
  suspended: number;
  clocksource: string;
  /** What each clock's reading is cut to, ns. */
  resolution: number;
}

/** Something that happens once, as true time passes `atNs`. */
export interface Incident {
  readonly atNs: number;
  readonly change: (counters: Counters) => void;
}

/** A pseudo-random generator (mulberry32), so that every run of a test sees the same noise. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What sets the seed of a host's pauses off from that of its reads. */
export const PAUSES = 1_000_000;

/** The TSC when the script begins. */
export const TSC_AT_START = 5_000_000_000n;
const REALTIME = 1_700_000_000_000_000_000n;
const UPTIME = 1_000_000_000_000n;

/**
 * A host in which true time passes only as its clocks are read or waited for, with noise in every read, a rare
 * long interruption, and incidents.
 */
export function scriptedHost(
  incidents: readonly Incident[] = [],
  initial: Partial<Counters> = {},
  seed = 1,
): BracketSource & { readonly counters: Counters } {
  const counters: Counters = {
    ticksPerNs: 2.596_120_121_583,
    steered: 1,
    tsc: 0,
    raw: 0,
    monotonic: 0,
    realtimeOffset: 0,
    suspended: 0,
    clocksource: 'tsc',
    resolution: 1,
    ...initial,
  };
  const random = seeded(seed);
  const ahead = [...incidents].sort((a, b) => a.atNs - b.atNs);
  let now = 0;

  const run = (ns: number): void => {
    counters.tsc += ns * counters.ticksPerNs;
    counters.raw += ns;
    counters.monotonic += ns * counters.steered;
    now += ns;
  };
  const pass = (ns: number): void => {
    const until = now + ns;
    for (let next = ahead[0]; next !== undefined && next.atNs <= until; next = ahead[0]) {
      run(Math.max(0, next.atNs - now));
      next.change(counters);
      ahead.shift();
    }
    run(Math.max(0, until - now));
  };
  const cut = (ns: number): bigint => BigInt(Math.floor(ns / counters.resolution) * counters.resolution);
  const read = (clock: ClockName): bigint => {
    const { monotonic, raw, realtimeOffset, suspended } = counters;
    if (clock === 'monotonic_raw') return UPTIME + cut(raw);
    if (clock === 'boottime') return UPTIME + cut(monotonic + suspended);
    if (clock === 'monotonic') return UPTIME + cut(monotonic);
    return REALTIME + cut(monotonic + realtimeOffset);
  };
  const tsc = (): bigint => TSC_AT_START + BigInt(Math.floor(counters.tsc));
  return {
    counters,
    readBrackets: (clock, out) => {
      for (let i = 0; i < out.length; i += 4) {
        pass(20);
        out[i] = tsc();
        pass(15 + random() * 5 + (random() < 0.001 ? 3_000 : 0));
        out[i + 1] = read(clock);
        pass(15 + random() * 5);
        out[i + 2] = tsc();
        out[i + 3] = 0n;
      }
    },
    wait: (ns) => pass(ns * (1 + random() * 0.1)),
    random: seeded(seed + PAUSES),
    clocksource: (): Fact<string> => known(counters.clocksource, 'script'),
  };
}
