import type { Control } from '../clock/control.ts';
import { systemCode } from '../errors.ts';
import { fileText } from '../host/fact.ts';
import { kvmNative, type NativeTimerBurst } from '../native.ts';
import { median } from '../statistics.ts';
import { formatNs, NS_PER_MS, NS_PER_S, NS_PER_US } from '../units.ts';
import { untraced } from './expiries.ts';
import { modulo, phaseOf } from './grid.ts';
import { type Guest, withGuest } from './guest.ts';
import { GuestTrace, type TraceMode } from './guest-trace.ts';
import { besideCpu, idlestCpu } from './host.ts';
import { since } from './recording.ts';
import { type Stall, type StallRecord, stallFindingOf } from './stall-finding.ts';
import { type TimerSetup, timerSetup } from './timer-setup.ts';

/** What to delay, and how often. */
interface StallOptions {
  readonly setup: TimerSetup;
  /** Stalls that tell the two grids apart. */
  readonly stalls: number;
  readonly trace: TraceMode;
  readonly tscKhz: number;
}

/** A stall is aimed to last this long, in periods: the guest's timer is then two to three periods late. */
const AIMED_PERIODS = 3;
/** A burst has at most this many times the timers of one whose stall was measured. */
const GROWTH = 4;
/** The first burst. It takes 60 us at 120 ns a timer. */
const FIRST_TIMERS = 500;
/** No CPU takes less for one. */
const FASTEST_TIMER_NS = 50;
/** Periods are short, so that stalls can be, but several times longer than interrupts are late on this host. */
const LEAST_PERIOD_NS = 400 * NS_PER_US;
const MOST_PERIOD_NS = NS_PER_MS;
const PERIODS_PER_LATENESS = 6;
/** The longest stall that can come of it: one that was made for a quarter of the time that a timer then takes. */
export const LONGEST_STALL_NS = AIMED_PERIODS * GROWTH * MOST_PERIOD_NS;

/** How long one is on most hosts, and how many callbacks the longest costs a kernel that catches up. */
export const USUAL_STALL_NS = AIMED_PERIODS * LEAST_PERIOD_NS;
export const LONGEST_STALL_CALLBACKS = AIMED_PERIODS * GROWTH;

/** Interrupts on either side of a stall, for the phase of the grid. */
const TICKS = 40;
/** A stall shorter than this moves the grid of a fixed kernel by less than a period, or not at all. */
const LEAST_PERIODS = 2;
/** The interrupt takes the watching process off the CPU at the instant; a hole that begins later is another task's. */
const LATEST_START_NS = 5 * NS_PER_US;
/** A stall is one of its timers' making while it is at most this many times as long as the shortest for as many. */
const MOST_EXCESS = 1.3;
/** On a busy host many a delay tells nothing, or is not seen: made again, for at most this long. */
const BUDGET_NS = BigInt(15 * NS_PER_S);
/** From telling the children to the instant, beside the time that arming takes. */
const LEAD_NS = 15 * NS_PER_MS;
const MOST_LEAD_NS = 60 * NS_PER_MS;
const ARMING_NS_PER_TIMER = 1_500;

/** The guest's period for stalls, given how late interrupts come here. */
export function stallSetup(usualLatenessNs: number, minPeriodNs: number): TimerSetup {
  const wanted = Math.max(LEAST_PERIOD_NS, PERIODS_PER_LATENESS * usualLatenessNs);
  const periodNs = Math.min(MOST_PERIOD_NS, Math.ceil(wanted / (100 * NS_PER_US)) * 100 * NS_PER_US);
  return timerSetup(Math.max(periodNs, minPeriodNs), 1, minPeriodNs);
}

/** How many timers to try next, when one takes `timerNs`: never GROWTH times more than were tried. */
export const nextTimers = (timers: number, timerNs: number, aimedNs: number): number =>
  Math.max(1, Math.round(Math.min(GROWTH * timers, aimedNs / timerNs)));

/** Why a delay of the timer interrupt would prove nothing on this kernel; null where it would. */
function obstacle(periodNs: number): string | null {
  if (periodNs > MOST_PERIOD_NS)
    return `KVM's shortest period here, ${formatNs(periodNs)} (min_timer_period_us), would need a delay that is not safe`;
  if (fileText('/sys/kernel/realtime') === '1')
    return 'on a PREEMPT_RT kernel other timers run in threads and do not delay that of a guest';
  const elsewhere = fileText('/sys/devices/system/cpu/nohz_full') ?? '';
  if (elsewhere !== '' && elsewhere !== '(null)')
    return `with nohz_full=${elsewhere} the kernel may run a guest's timer on another CPU than the guest`;
  return null;
}

/** What a refused step means, for a sentence that begins with "no stall could be made: ". */
export function refusal(error: unknown): string {
  const code = systemCode(error);
  const step = error instanceof Error ? (error as NodeJS.ErrnoException).syscall : undefined;
  if (code === null || step === undefined) throw error;
  if (step === 'RLIMIT_NOFILE' || code === 'EMFILE' || code === 'ENFILE')
    return `this process may not open enough files (${step}: ${code}); raise the limit of open files`;
  if (step === 'fork') return `no process could be started that makes it (fork: ${code})`;
  return `${step} is refused here (${code})`;
}

/** Makes a burst and waits for its end. @returns null where it came to nothing: not armed in time, or not seen. */
function strike(
  burst: Pick<NativeTimerBurst, 'arm' | 'watched'>,
  ktime: bigint,
  timers: number,
): readonly [bigint, bigint] | null {
  const armed = burst.arm(ktime, timers);
  const out = new BigInt64Array(2);
  for (let tries = 0; !burst.watched(out); tries++) if (tries === 10) return null;
  const [from = 0n, to = 0n] = out;
  return armed && from < to ? [from, to] : null;
}

/** Times of the guest's interrupts around an instant, ns from it. */
function deliveriesAround(guest: Pick<Guest, 'recording'>, instant: bigint, rangeNs: number): number[] {
  const times: number[] = [];
  for (let i = guest.recording.deliveries.length - 1; i >= 0; i--) {
    const ns = since(guest.recording.deliveries[i]?.ktime ?? 0n, instant);
    if (ns < -rangeNs) break;
    if (ns < rangeNs) times.push(ns);
  }
  return times.reverse();
}

/** An instant some time from now, so far before a point of the guest's grid that the delay ends between two. */
function aim(
  guest: Pick<Guest, 'recording' | 'now'>,
  leadNs: number,
  stallNs: number,
  record: StallRecord,
): bigint {
  const { periodNs, usualLatenessNs } = record;
  const origin = guest.recording.deliveries.at(-1)?.ktime ?? guest.now();
  const recent = deliveriesAround(guest, origin, TICKS * periodNs);
  const grid = phaseOf(recent, periodNs).meanNs - usualLatenessNs;
  const beforePoint = modulo(stallNs - periodNs / 2, periodNs);
  const earliest = since(guest.now(), origin) + leadNs;
  return origin + BigInt(Math.round(earliest + modulo(grid - beforePoint - earliest, periodNs)));
}

/** Stalls the guest's CPU until `wanted` of the stalls tell the two grids apart. */
export function stallGuest(
  guest: Pick<Guest, 'recording' | 'started' | 'runFor' | 'update' | 'cancelled' | 'now'>,
  burst: Pick<NativeTimerBurst, 'timers' | 'arm' | 'watched'>,
  wanted: number,
  base: StallRecord,
): StallRecord {
  const { periodNs } = base;
  const aimedNs = AIMED_PERIODS * periodNs;
  const stalls: Stall[] = [];
  const [startKtime] = guest.started();
  const lateness = guest.recording.deliveries.map(({ ktime }) => modulo(since(ktime, startKtime), periodNs));
  const record: StallRecord = { ...base, usualLatenessNs: median(lateness) };
  let timers = Math.min(FIRST_TIMERS, burst.timers());
  let timerNs = Number.POSITIVE_INFINITY;
  let leadNs = LEAD_NS;
  let telling = 0;
  const latest = guest.now() + BUDGET_NS;
  while (telling < wanted && guest.now() < latest && !guest.cancelled()) {
    const expectedNs = Number.isFinite(timerNs) ? timers * timerNs : aimedNs;
    const instant = aim(guest, leadNs + timers * ARMING_NS_PER_TIMER, expectedNs, record);
    const seen = strike(burst, instant, timers);
    guest.update();
    if (!guest.runFor(TICKS + AIMED_PERIODS)) break;
    if (seen === null) {
      leadNs = Math.min(2 * leadNs, MOST_LEAD_NS);
      continue;
    }
    const [from, to] = seen;
    // The watching process was not running at the instant: how long the stall was is not known.
    if (since(from, instant) > LATEST_START_NS) continue;
    const toNs = since(to, instant);
    timerNs = Math.min(timerNs, toNs / timers);
    // Longer than its timers take: after them the watching process had to wait for another one.
    if (toNs >= LEAST_PERIODS * periodNs && toNs <= MOST_EXCESS * timers * timerNs) {
      const deliveriesNs = deliveriesAround(guest, instant, (TICKS + AIMED_PERIODS) * periodNs);
      const stall = { toNs, deliveriesNs };
      stalls.push(stall);
      if (stallFindingOf(stall, record).grid !== 'unclear') telling += 1;
    }
    const next = Math.min(nextTimers(timers, timerNs, aimedNs), burst.timers());
    if (next === burst.timers() && next * timerNs < LEAST_PERIODS * periodNs) {
      const most = ((next * timerNs) / periodNs).toFixed(1);
      const reason = `${next} timers, all that this process may have, delay a guest by ${most} periods only`;
      return { ...record, stalls, reason };
    }
    timers = next;
  }
  if (stalls.length > 0 || guest.cancelled()) return { ...record, stalls };
  return {
    ...record,
    stalls,
    reason:
      'no burst of timers was seen to delay this CPU: it has other work to do, or the processes that own the timers were ended',
  };
}

/**
 * Runs a halting guest with a short period on one CPU, and keeps that CPU's timer interrupt busy `wanted` times.
 *
 * @returns what was made until it was cancelled. Where the host allows no stall, `reason` says why.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest.
 */
export function recordStalls(
  { setup, stalls: wanted, trace: mode, tscKhz }: StallOptions,
  control: Control,
): StallRecord {
  const cpu = idlestCpu(control);
  const base: StallRecord = {
    periodNs: setup.periodNs,
    usualLatenessNs: 0,
    stalls: [],
    reason: null,
    trace: untraced('no delay was made'),
  };
  const reason = obstacle(setup.periodNs);
  if (reason !== null) return { ...base, reason };
  let burst: NativeTimerBurst;
  try {
    const most = (AIMED_PERIODS * setup.periodNs) / FASTEST_TIMER_NS;
    burst = new (kvmNative().TimerBurst)(cpu, Math.ceil(most));
  } catch (error) {
    return { ...base, reason: refusal(error) };
  }
  const trace = new GuestTrace(mode, cpu);
  try {
    return besideCpu(cpu, () =>
      withGuest('halt', setup, control, (guest) => {
        guest.native.pin(cpu);
        trace.prepare(guest);
        if (!guest.runFor(TICKS)) return base;
        trace.watchExpiries(guest, setup.periodNs);
        const record = stallGuest(guest, burst, wanted, base);
        guest.pause();
        return { ...record, trace: trace.expiries(guest, setup.periodNs, tscKhz) };
      }),
    );
  } finally {
    trace.remove();
    burst.destroy();
  }
}
