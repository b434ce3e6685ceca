import { type Control, quietControl } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import { hostWaiter } from '../../clock/wait.ts';
import type { Finding } from '../../schema/envelope.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { BracketLog, narrow } from '../../tsc/bracket.ts';
import { calibrate } from '../../tsc/calibrate.ts';
import { endToEnd } from '../../tsc/interval.ts';
import { hostSource, ROW } from '../../tsc/source.ts';
import { keepCpusAwake, quietThread } from '../quiet-thread.ts';
import type { TimerOptions } from './options.ts';
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

/**
 * `timer`, as a task.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden; USAGE for a CPU that is not allowed.
 */
export function timerTask(options: TimerOptions, control: Control): Finding<TimerResult> {
  const warnings = [...quietThread(options.quiet), ...keepCpusAwake()];
  return { result: runTimer(hostTimer(control), options, control), warnings };
}
