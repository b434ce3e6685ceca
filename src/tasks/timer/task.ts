import { newRows } from '../../clock/bracket-rows.ts';
import { type Control, quietControl } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import { hostWaiter } from '../../clock/wait.ts';
import { throttlingBetween, throttlingNow } from '../../host/cgroup.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { BracketLog, narrow } from '../../tsc/bracket.ts';
import { endToEnd } from '../../tsc/interval.ts';
import { hostSource } from '../../tsc/source.ts';
import type { Finding } from '../../warning.ts';
import { calibrateBriefly, guestTsc } from '../drift/nominal-rate.ts';
import { type Bucket, Histogram } from '../histogram.ts';
import { keepCpusAwake, quietThread } from '../quiet-thread.ts';
import { contention, gaveWay, waitedForCpuNs } from './contention.ts';
import { runCyclictest } from './cyclictest.ts';
import { checkTimerOptions, type TimerOptions } from './options.ts';
import { runTimer, type TimerHost } from './timer.ts';

/** Brackets at each end of the run; the narrowest bound the rate. */
const BRACKETS = 64;

function hostTimer(control: Control): TimerHost {
  const source = hostSource();
  const calibration = calibrateBriefly(quietControl);
  const log = new BracketLog();
  const rows = newRows(BRACKETS);
  const take = () => {
    source.readBrackets('monotonic', rows);
    log.add(rows);
  };
  take();
  return {
    clock: new HostClock(),
    waiter: hostWaiter(control),
    ...guestTsc(calibration),
    granularityTicks: calibration.granularityTicks ?? 1,
    rateSince: () => {
      take();
      return endToEnd(narrow(log.brackets().brackets));
    },
  };
}

/** A signal that aborts once the task is cancelled, while `work` waits. */
async function withSignal<T>(control: Control, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setInterval(() => {
    if (control.cancelled()) controller.abort();
  }, POLL_MS);
  try {
    return await work(controller.signal);
  } finally {
    clearInterval(timer);
  }
}

const POLL_MS = 50;

/**
 * `timer`, as a task.
 *
 * @returns the lateness of every tick too, ns, to 0.2 %.
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden; USAGE for options out of bounds and for a
 * CPU that is not allowed; as `runCyclictest`.
 */
export async function timerTask(
  options: TimerOptions,
  control: Control,
): Promise<Finding<TimerResult> & { readonly lateness: readonly Bucket[] }> {
  checkTimerOptions(options);
  // Before this thread asks for a priority, which its children would inherit.
  const cyclictest = options.cyclictest
    ? await withSignal(control, (signal) => runCyclictest(options, signal))
    : null;
  const warnings = [...quietThread(options.quiet), ...keepCpusAwake()];
  const host = hostTimer(control);
  const before = { throttling: throttlingNow(), waitedNs: waitedForCpuNs() };
  const lateness = new Histogram();
  const measured = runTimer(host, options, control, lateness);
  const waitedNs = waitedForCpuNs();
  const throttling = throttlingBetween(before.throttling, throttlingNow());
  const throttled = throttling === null ? null : { times: throttling.times, ns: throttling.ns };
  const result = { ...measured, throttled, cyclictest };
  const forced = throttled !== null && throttled.times > 0;
  return {
    result,
    lateness: [...lateness.buckets()],
    warnings: [
      ...warnings,
      ...contention(before.waitedNs, waitedNs, throttled?.ns ?? 0, Number(options.durationNs)),
      ...(options.stopForNs === undefined && !forced ? gaveWay(options, result.latenessNs?.max ?? 0) : []),
    ],
  };
}
