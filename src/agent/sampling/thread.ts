import { HostClock } from '../../clock/host.ts';
import { ktimeOf } from '../../clock/time-source.ts';
import { TscopeError } from '../../errors.ts';
import { clocksFacts } from '../../host/clocks.ts';
import { clocksourceFacts, madeFromTsc } from '../../host/clocksource.ts';
import { tscFacts } from '../../host/tsc.ts';
import { native } from '../../native.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import { refused } from '../../system-error.ts';
import { hostWatchers } from '../../tasks/drift/events.ts';
import { independenceOf } from '../../tasks/drift/independence.ts';
import { calibrateBriefly, nominalRate } from '../../tasks/drift/nominal-rate.ts';
import { runThread, type ThreadHandle } from '../../thread.ts';
import { calibrate, SHORTEST_NS } from '../../tsc/calibrate.ts';
import { stayOnThisCpu } from '../../tsc/one-cpu.ts';
import { hostSource } from '../../tsc/source.ts';
import { type SamplingHost, sampleUntilCancelled } from './loop.ts';
import type { SamplingMessage, SamplingOptions } from './messages.ts';

/** The longest calibration: more than a second gains little. */
const LONGEST_CALIBRATION_NS = 1e9;

type SamplingThread = ThreadHandle<SamplingMessage>;

/** The shortest turn that the kernel gives: the shorter it is, the sooner a thread is let in. */
const SLICE_NS = 100_000;
/** Ahead of everything that is not real-time, and of nothing that is. */
const PRIORITY = 1;

/**
 * Is let in as soon as it wakes: by its short turn among the threads of its own cgroup and session, and where real-time
 * priority is allowed (root, LimitRTPRIO=) whatever else runs. A sample takes a third of a millisecond.
 */
function hurry(): void {
  refused(() => native().setSlice(SLICE_NS));
  refused(() => native().setFifoPriority(PRIORITY));
}

/** Work of more than a sample has no right to keep others waiting. */
function takeTime<T>(work: () => T): T {
  refused(() => native().setFifoPriority(0));
  try {
    return work();
  } finally {
    hurry();
  }
}

/** Asleep without a wake-up in between: nothing else happens on this thread. */
function waitUntil(clock: HostClock, ktime: bigint, thread: SamplingThread): boolean {
  for (;;) {
    clock.read();
    const left = Number(ktime - ktimeOf(clock)) / 1e6;
    if (thread.cancelled()) return false;
    if (left <= 0) return true;
    thread.sleep(left);
  }
}

/** A TSC that the kernel found unstable is no longer among the clocksources that it offers. */
function markedUnstable(): boolean | null {
  const [invariant, { available }] = [tscFacts().invariant.value, clocksourceFacts()];
  return invariant === null || available.value === null
    ? null
    : invariant && !available.value.includes('tsc');
}

/** A calibration, and with it what may have changed about the host since the last one. */
function described(result: CalibrateResult, { clocks, reference }: SamplingOptions): SamplingMessage {
  const clocksource = hostSource().clocksource();
  const facts = clocksFacts();
  const pairs = clocks
    .filter((clock) => clock !== reference)
    .map((clock) => ({ clock, reference, ...independenceOf(facts, clock, reference) }));
  const derivedFromTsc = madeFromTsc(clocksource).value;
  const tscUnstable = markedUnstable();
  return { kind: 'calibrated', result, pairs, clocksource: clocksource.value, derivedFromTsc, tscUnstable };
}

function work(options: SamplingOptions, thread: SamplingThread): void {
  const control = { progress: () => {}, cancelled: thread.cancelled };
  // One counter is compared all along.
  stayOnThisCpu();
  const source = hostSource();
  const clock = new HostClock();
  const first = calibrateBriefly(control);
  thread.say(described(first, options));
  const host: SamplingHost = {
    source,
    nominal: nominalRate(first),
    date: () => new Date(),
    watchers: hostWatchers(() => source.clocksource().value, options.interval),
    now: () => {
      clock.read();
      return ktimeOf(clock);
    },
    waitUntil: (ktime) => waitUntil(clock, ktime, thread),
    recalibrate: (mostNs) => {
      const durationNs = Math.max(SHORTEST_NS, Math.min(LONGEST_CALIBRATION_NS, mostNs));
      const again = takeTime(() => calibrate({ durationNs, clock: 'monotonic_raw' }, source, control));
      thread.say(described(again.result, options));
    },
  };
  hurry();
  sampleUntilCancelled(host, options, thread.say);
}

await runThread<SamplingOptions, SamplingMessage>((options, thread) => {
  try {
    work(options, thread);
  } catch (error) {
    // Cancelled while it calibrated: nothing is wrong.
    if (!(error instanceof TscopeError && error.code === 'INTERRUPTED')) throw error;
  }
});
