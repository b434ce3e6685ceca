import { performance } from 'node:perf_hooks';
import { type Control, quietControl } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import type { Finding, Warning } from '../../schema/envelope.ts';
import type { StopResult } from '../../schema/stop.ts';
import { calibrate } from '../../tsc/calibrate.ts';
import { hostSource } from '../../tsc/source.ts';
import { quietThread } from '../quiet-thread.ts';
import type { StopOptions } from './options.ts';
import { measureStop, type StopMachine, simulateStop } from './stop.ts';

/** Long enough to know the rate to a few ppb, which a stop of 30 days turns into milliseconds. */
const CALIBRATION_NS = 300_000_000;

function hostMachine(): StopMachine {
  const calibration = { durationNs: CALIBRATION_NS, clock: 'monotonic_raw' } as const;
  const { tscHz, kernel } = calibrate(calibration, hostSource(), quietControl).result;
  return {
    tscHz: kernel?.hz ?? tscHz,
    tscKhz: kernel?.tscKhz ?? Math.round(tscHz / 1000),
    clock: new HostClock(),
    now: () => performance.now() * 1e6,
  };
}

function warningsOf(result: StopResult): Warning[] {
  const cut = result.rows.filter((row) => row.ended === 'budget').length;
  if (cut === 0) return [];
  return [
    {
      code: 'rows-projected',
      message: `${cut} rows were followed for a part of their recovery; their totals are projected from the pace until then.`,
      hint: null,
    },
  ];
}

/**
 * `stop`, as a task.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden, unless simulated.
 */
export function stopTask(options: StopOptions, control: Control): Finding<StopResult> {
  if (options.simulate !== null) {
    const result = simulateStop(options, options.simulate, control);
    return { result, warnings: warningsOf(result) };
  }
  const machine = hostMachine();
  const refused = quietThread(options.quiet);
  const result = measureStop(machine, options, control);
  return { result, warnings: [...refused, ...warningsOf(result)] };
}
