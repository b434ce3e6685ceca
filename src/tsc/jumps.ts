import { OffsetWatch } from '../clock/changes.ts';
import type { ClockName } from '../host/clocks.ts';
import { formatNs } from '../units.ts';
import type { Brackets } from './bracket.ts';
import type { ClockReadings, WatchedClock } from './clock-readings.ts';
import type { ClockEvent } from './result.ts';

/** A jump of one clock against CLOCK_MONOTONIC that the clock readings prove. */
interface Jump {
  readonly kind: 'step' | 'suspend';
  /** The two moments it lies between, ns of the measured clock since the first bracket. */
  readonly fromNs: number;
  readonly toNs: number;
  /** Middle of what the brackets allow, ns. */
  readonly sizeNs: number;
}

/** What turns the counter into time and bounds a reading. */
export interface Scale {
  /** The TSC's rate, to a per cent. */
  readonly ticksPerNs: number;
  /** What a clock's reading may be behind its time, ns. */
  readonly resolutionNs: number;
}

/**
 * Bounds of `clock` - CLOCK_MONOTONIC at one moment, less `base`, ns: each read lies within its bracket.
 *
 * @param base an offset of about the same size: the time of day in ns does not fit a double.
 */
function offsetBounds(
  { brackets }: ClockReadings,
  clock: WatchedClock,
  base: bigint,
  { ticksPerNs, resolutionNs }: Scale,
): [number, number] {
  const { before, ns, after } = brackets[clock];
  const { monotonic } = brackets;
  const difference = Number(ns - monotonic.ns - base);
  const earliest = Number(before - monotonic.after) / ticksPerNs;
  const latest = Number(after - monotonic.before) / ticksPerNs;
  return [difference - resolutionNs - latest, difference + resolutionNs - earliest];
}

/** Every moment at which the bounds of an offset have nothing in common with those before it. */
function jumpsOfClock(
  kind: Jump['kind'],
  clock: WatchedClock,
  taken: Brackets,
  readings: readonly ClockReadings[],
  scale: Scale,
): Jump[] {
  const nsAt = (batch: number) => taken.ns[taken.batch.findLastIndex((each) => each < batch)] ?? 0;
  const first = readings[0]?.brackets;
  const base = first === undefined ? 0n : first[clock].ns - first.monotonic.ns;
  const watch = new OffsetWatch();
  return readings.flatMap((reading, i) => {
    const sizeNs = watch.push(...offsetBounds(reading, clock, base, scale));
    if (sizeNs === 0) return [];
    return [{ kind, fromNs: nsAt(readings[i - 1]?.batch ?? 0), toNs: nsAt(reading.batch), sizeNs }];
  });
}

/** Steps of the time of day (CLOCK_REALTIME parts from CLOCK_MONOTONIC) and suspends (CLOCK_BOOTTIME does). */
export const jumpsOf = (taken: Brackets, readings: readonly ClockReadings[], scale: Scale): Jump[] => [
  ...jumpsOfClock('step', 'realtime', taken, readings, scale),
  ...jumpsOfClock('suspend', 'boottime', taken, readings, scale),
];

const isSetByHand = (clock: ClockName): boolean => clock === 'realtime' || clock === 'tai';

const isStep = ({ kind }: ClockEvent): boolean => kind === 'step' || kind === 'counter-step';

/** Whether `event` lies where the jump does; a break is known no better than the segments beside it. */
function coincides(event: ClockEvent, { fromNs, toNs }: Jump): boolean {
  const slack = toNs - fromNs;
  return event.atNs >= fromNs - slack && event.atNs <= toNs + slack;
}

function eventOf(clock: ClockName, { kind, sizeNs, toNs }: Jump): ClockEvent {
  const size = formatNs(Math.abs(sizeNs));
  if (kind === 'suspend') return { atNs: toNs, kind, detail: `the system was suspended for ${size}` };
  const aside = isSetByHand(clock) ? '' : `; ${clock} is not affected`;
  return {
    atNs: toNs,
    kind,
    detail: `realtime was set ${sizeNs > 0 ? 'forward' : 'back'} by ${size}${aside}`,
  };
}

/**
 * The events of a run with the jumps added. A suspend explains a step that the brackets show at the same time;
 * a step of the measured clock itself is already among the events.
 */
export function withJumps(
  clock: ClockName,
  events: readonly ClockEvent[],
  jumps: readonly Jump[],
): ClockEvent[] {
  const suspends = jumps.filter(({ kind }) => kind === 'suspend');
  const unexplained = events.filter(
    (event) => !(isStep(event) && suspends.some((suspend) => coincides(event, suspend))),
  );
  const news = jumps.filter(
    (jump) =>
      jump.kind === 'suspend' ||
      !isSetByHand(clock) ||
      !events.some((event) => isStep(event) && coincides(event, jump)),
  );
  return [...unexplained, ...news.map((jump) => eventOf(clock, jump))].sort((a, b) => a.atNs - b.atNs);
}
