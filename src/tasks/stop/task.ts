import { performance } from 'node:perf_hooks';
import { type Control, quietControl } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import { measureCallback } from '../../kvm/callback-cost.ts';
import type { CallbackCost, StopResult } from '../../schema/stop.ts';
import { checkBounds } from '../../units.ts';
import type { Finding } from '../../warning.ts';
import { calibrateBriefly, guestTsc } from '../drift/nominal-rate.ts';
import { inlineGenerously, quietThread } from '../quiet-thread.ts';
import { fits, type StopOptions, stopBounds } from './options.ts';
import { freshProcesses } from './price.ts';
import { measureStop, type StopMachine, simulateStop } from './stop.ts';
import { warningsOf } from './warnings.ts';

/** Long enough to know the rate to a few ppb, which a stop of 30 days turns into milliseconds. */
const CALIBRATION_NS = 300_000_000;

function hostMachine(callback: CallbackCost | undefined, control: Control): StopMachine {
  return {
    ...guestTsc(calibrateBriefly(quietControl, CALIBRATION_NS)),
    clock: new HostClock(),
    isolates: (job, processes) => freshProcesses(job, processes, control),
    callback: () => callback ?? measureCallback(control),
    now: () => performance.now() * 1e6,
  };
}

/**
 * `stop`, as a task.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden, unless simulated.
 */
export function stopTask(asked: StopOptions, control: Control): Finding<StopResult> {
  checkBounds(asked, stopBounds);
  inlineGenerously();
  const options = { ...asked, policies: asked.policies.filter((policy) => fits(policy, asked.delivery)) };
  const refused = options.simulate === null ? quietThread(options.quiet) : [];
  const result =
    options.simulate === null
      ? measureStop(hostMachine(asked.callback, control), options, control)
      : simulateStop(options, options.simulate, control);
  return { result, warnings: [...refused, ...warningsOf(asked, result)] };
}
