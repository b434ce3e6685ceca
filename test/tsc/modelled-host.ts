import type { ClockName } from '../../src/host/clocks.ts';
import { known } from '../../src/host/fact.ts';
import type { BracketSource } from '../../src/tsc/source.ts';
import { PAUSES, seeded } from './scripted-host.ts';

/** One way through the processor: the window's length, where in it the clock is read, and how often; ticks. */
interface ReadPath {
  readonly window: number;
  readonly place: number;
  readonly weight: number;
}

/** How a CPU reads brackets, as measured. */
export interface Processor {
  /** Ticks by which the counter advances at once. */
  readonly step: number;
  readonly paths: readonly ReadPath[];
  /** Standard deviation of how often the later places are taken, which holds for bursts of 2 ms. */
  readonly wander: number;
  /** How much more often the later places are taken for 0.3 ms after a wake. */
  readonly afterWake: number;
  /** Ticks by which the first bracket of a batch is read later. */
  readonly firstLater: number;
}

/** An Intel Sapphire Rapids guest: steps of 2 ticks, two or three places for each window. */
export const INTEL: Processor = {
  step: 2,
  paths: [
    { window: 84, place: 46, weight: 0.08 },
    { window: 86, place: 46, weight: 0.2 },
    { window: 86, place: 48, weight: 0.46 },
    { window: 88, place: 48, weight: 0.12 },
    { window: 88, place: 50, weight: 0.12 },
    { window: 110, place: 62, weight: 0.02 },
  ],
  wander: 0.05,
  afterWake: 0.04,
  firstLater: 4,
};

/** An AMD Zen 4 guest: steps of 26 ticks. */
export const AMD: Processor = {
  step: 26,
  paths: [
    { window: 104, place: 52, weight: 0.25 },
    { window: 130, place: 52, weight: 0.1 },
    { window: 130, place: 78, weight: 0.6 },
    { window: 156, place: 78, weight: 0.03 },
    { window: 156, place: 104, weight: 0.02 },
  ],
  wander: 0.05,
  afterWake: 0.04,
  firstLater: 26,
};

/** The kernel's ratio of a modelled host: 2596.130 MHz. */
export const MULT = 6_462_394n;
export const SHIFT = 24n;
export const TRUE_HZ = (1e9 * 2 ** Number(SHIFT)) / Number(MULT);

const TICKS_PER_NS = TRUE_HZ / 1e9;

const BURST_NS = 2e6;
const WAKE_NS = 3e5;
/** Sleeps, not spins, end in a wake. */
const SLEEP_NS = 1e5;

/** What a model of reading on the lattice does not foresee. */
export interface Faults {
  /** Share of the readings that are 4 ns late, by no way through the processor. */
  readonly shifted?: number;
  /** How far the clock lies from a straight line, ns, at a time since the start, ns. */
  readonly bentBy?: (ns: number) => number;
}

const SHIFTED_NS = 4n;

/**
 * A host whose clocks are the counter times mult >> shift, exactly as the kernel computes them, read by a processor's
 * own paths: which of them is taken wanders together over bursts, as measured.
 */
export function modelledHost(
  processor: Processor,
  seed: number,
  { shifted = 0, bentBy = () => 0 }: Faults = {},
): BracketSource {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { step, paths } = processor;
  const phase = BigInt(Math.floor(random() * 2 ** Number(SHIFT)));
  const origin = BigInt(Math.floor(random() * 1e9)) * BigInt(step);
  /** Continuous ticks since the origin. */
  let now = random() * 1000;
  let burst = Number.NEGATIVE_INFINITY;
  let lean = 0;
  let awake = Number.NEGATIVE_INFINITY;
  const choose = (): ReadPath => {
    if (now - burst > BURST_NS * TICKS_PER_NS) {
      burst = now;
      lean = normal() * processor.wander;
    }
    const late = lean + (now - awake < WAKE_NS * TICKS_PER_NS ? processor.afterWake : 0);
    const weightOf = ({ window, place, weight }: ReadPath) =>
      Math.max(0, place * 2 > window ? weight + late : weight);
    let left = random() * paths.reduce((sum, path) => sum + weightOf(path), 0);
    for (const path of paths) {
      left -= weightOf(path);
      if (left <= 0) return path;
    }
    return paths[0] as ReadPath;
  };
  return {
    readBrackets: (_clock: ClockName, out) => {
      for (let i = 0; i < out.length; i += 4) {
        const path = choose();
        const later = i === 0 ? processor.firstLater : 0;
        const before = Math.floor(now / step) * step;
        const read = origin + BigInt(before + path.place + later);
        out[i] = origin + BigInt(before);
        const bend = BigInt(Math.round(bentBy(now / TICKS_PER_NS) * 2 ** Number(SHIFT)));
        out[i + 1] =
          ((read * MULT + phase + bend) >> SHIFT) + (shifted > 0 && random() < shifted ? SHIFTED_NS : 0n);
        out[i + 2] = origin + BigInt(before + path.window + later);
        out[i + 3] = 0n;
        now += path.window + later + 52 + random() * 60 + (random() < 0.001 ? 8000 : 0);
      }
    },
    wait: (ns) => {
      now += ns * TICKS_PER_NS * (1 + random() * 0.1) + 2600;
      if (ns >= SLEEP_NS) awake = now;
    },
    random: seeded(seed + PAUSES),
    clocksource: () => known('tsc', 'model'),
  };
}
