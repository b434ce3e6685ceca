import { type Control, quietControl } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import { hostWaiter } from '../../clock/wait.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { BracketLog, narrow } from '../../tsc/bracket.ts';
import { calibrate } from '../../tsc/calibrate.ts';
import { endToEnd } from '../../tsc/interval.ts';
import { hostSource, ROW } from '../../tsc/source.ts';
import { checkBounds, formatNs } from '../../units.ts';
import type { Finding, Warning } from '../../warning.ts';
import { keepCpusAwake, quietThread } from '../quiet-thread.ts';
import { type RealStops, type TimerOptions, timerBounds } from './options.ts';
import { runTimer, type TimerHost } from './timer.ts';

const CALIBRATION_NS = 200_000_000;
/** Brackets at each end of the run; the narrowest bound the rate. */
const BRACKETS = 64;

function hostTimer(control: Control): TimerHost {
  const source = hostSource();
  const options = { durationNs: CALIBRATION_NS, clock: 'monotonic_raw' } as const;
  const { tscHz, kernel } = calibrate(options, source, quietControl).result;
  const log = new BracketLog();
  const rows = new BigInt64Array(BRACKETS * ROW);
  const take = () => {
    source.readBrackets('monotonic', rows);
    log.add(rows);
  };
  take();
  return {
    clock: new HostClock(),
    waiter: hostWaiter(control),
    tscKhz: kernel?.tscKhz ?? Math.round(tscHz / 1000),
    tscHz: kernel?.hz ?? tscHz,
    rateSince: () => {
      take();
      return endToEnd(narrow(log.brackets().brackets));
    },
  };
}

/** Later than any scheduler latency: the thread was made to give way. */
const GAVE_WAY_NS = 5_000_000;

/** A thread that never sleeps, at real-time priority, starves the others until the kernel steps in. */
function gaveWay({ backend, quiet }: TimerOptions, { latenessNs }: TimerResult): Warning[] {
  const max = latenessNs?.max ?? 0;
  if (backend !== 'tsc' || quiet.priority === 0 || max < GAVE_WAY_NS) return [];
  return [
    {
      code: 'spinning-thread-throttled',
      message: `Ticks were up to ${formatNs(max)} late: the kernel gives waiting threads up to 50 ms of each second that a SCHED_FIFO thread spins.`,
      hint: 'Use --backend hybrid, a CPU that nothing else runs on, or sysctl kernel.sched_rt_runtime_us=-1.',
    },
  ];
}

/** Within the bounds. */
const NO_STOPS: RealStops = { everyNs: timerBounds.everyNs.least, forNs: timerBounds.forNs.least };

/**
 * `timer`, as a task.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden; USAGE for a CPU that is not allowed.
 */
export function timerTask(options: TimerOptions, control: Control): Finding<TimerResult> {
  checkBounds({ ...options, ...(options.stops ?? NO_STOPS) }, timerBounds);
  const warnings = [...quietThread(options.quiet), ...keepCpusAwake()];
  const result = runTimer(hostTimer(control), options, control);
  return { result, warnings: [...warnings, ...(options.stops === null ? gaveWay(options, result) : [])] };
}
