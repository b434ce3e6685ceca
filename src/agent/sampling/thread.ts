import { parentPort, workerData } from 'node:worker_threads';
import { HostClock } from '../../clock/host.ts';
import { ktimeOf } from '../../clock/time-source.ts';
import { systemCode, TscopeError } from '../../errors.ts';
import { clocksFacts } from '../../host/clocks.ts';
import { madeFromTsc } from '../../host/clocksource.ts';
import { native } from '../../native.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import { calibrateBriefly, independenceOf, nominalRate } from '../../tasks/drift/host.ts';
import { hostWatchers } from '../../tasks/drift/watchers.ts';
import { calibrate, SHORTEST_NS } from '../../tsc/calibrate.ts';
import { hostSource } from '../../tsc/source.ts';
import { type SamplingHost, sampleUntilStopped } from './loop.ts';
import type { SamplingMessage, SamplingOptions } from './messages.ts';

/** What the main thread hands over. */
export interface SamplingJob {
  readonly options: SamplingOptions;
  /** One word, set to 1 and notified to end the loop. */
  readonly stop: Int32Array;
}

/** The longest calibration: more than a second gains little. */
const LONGEST_CALIBRATION_NS = 1e9;

const { options, stop } = workerData as SamplingJob;
const tell = (message: SamplingMessage): void => parentPort?.postMessage(message);
const cancelled = (): boolean => Atomics.load(stop, 0) !== 0;
const control = { progress: () => {}, cancelled };

/** Stays on the CPU where it is, so that one counter is compared all along; where that is refused, it may move. */
function stayOnThisCpu(): void {
  const reading = new BigInt64Array(2);
  native().rdtscp(reading);
  try {
    native().setAffinity([Number(reading[1])]);
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}

/** Asleep without a wake-up in between: nothing else happens on this thread. */
function waitUntil(clock: HostClock, ktime: bigint): boolean {
  for (;;) {
    clock.read();
    const left = Number(ktime - ktimeOf(clock)) / 1e6;
    if (cancelled()) return false;
    if (left <= 0) return true;
    Atomics.wait(stop, 0, 0, left);
  }
}

/** Tells a calibration, and with it what may have changed about the host since the last one. */
function tellCalibration(result: CalibrateResult): void {
  const clocksource = hostSource().clocksource();
  const facts = clocksFacts();
  const { clocks, reference } = options;
  const pairs = clocks
    .filter((clock) => clock !== reference)
    .map((clock) => ({ clock, reference, ...independenceOf(facts, clock, reference) }));
  const derivedFromTsc = madeFromTsc(clocksource).value;
  tell({ kind: 'calibrated', result, pairs, clocksource: clocksource.value, derivedFromTsc });
}

function work(): void {
  stayOnThisCpu();
  const source = hostSource();
  const clock = new HostClock();
  const first = calibrateBriefly(control);
  tellCalibration(first);
  const host: SamplingHost = {
    source,
    nominal: nominalRate(first),
    date: () => new Date(),
    watchers: hostWatchers(() => source.clocksource().value, options.interval),
    now: () => {
      clock.read();
      return ktimeOf(clock);
    },
    waitUntil: (ktime) => waitUntil(clock, ktime),
    recalibrate: (mostNs) => {
      const durationNs = Math.max(SHORTEST_NS, Math.min(LONGEST_CALIBRATION_NS, mostNs));
      tellCalibration(calibrate({ durationNs, clock: 'monotonic_raw' }, source, control).result);
    },
  };
  while (sampleUntilStopped(host, options, tell) === 'clock-set');
}

try {
  work();
} catch (error) {
  if (!(error instanceof TscopeError)) throw error;
  // Stopped while it calibrated: nothing is wrong.
  if (error.code !== 'INTERRUPTED') {
    tell({ kind: 'failed', code: error.code, message: error.message, hint: error.hint });
  }
}
