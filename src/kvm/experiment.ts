import type { Control } from '../clock/control.ts';
import type { Finding, Warning } from '../schema/envelope.ts';
import type { KvmResult } from '../schema/kvm.ts';
import { kvmHost } from './host.ts';
import { luckyStop } from './lucky-stop.ts';
import { pathOfAll } from './path.ts';
import { type KvmOptions, type Plan, planOf } from './plan.ts';
import { type Running, recordRunning } from './record-running.ts';
import { resultOf } from './result.ts';
import { checkStop, watchdogNs } from './safety.ts';
import { minPeriodNs } from './timer-setup.ts';
import type { StopTrace } from './trace.ts';
import { kvmWarnings, SIGSTOP_MISSED } from './warnings.ts';

/**
 * Runs real guests with KVM's periodic timer, stops and resumes them, and says what this kernel does with the ticks
 * missed. Stopped early, it returns what it has.
 *
 * @throws TscopeError USAGE for options that the timer does not take or that could harm the host; UNSUPPORTED
 * where this host cannot run the guest, saying why.
 */
export async function kvmExperiment(options: KvmOptions, control: Control): Promise<Finding<KvmResult>> {
  const plan = planOf(options, minPeriodNs());
  checkStop(options.stopNs, plan.setup.periodNs, options.yesReally, watchdogNs());
  const host = kvmHost();
  const progress = progressOf(plan, control);

  const running: Running[] = [];
  for (const row of plan.running) {
    const measured = recordRunning(row, control);
    if (measured === null) break;
    running.push(measured);
    progress(row.ticks * row.setup.periodNs);
  }
  const traces: StopTrace[] = [];
  const missed: Warning[] = [];
  for (const stop of plan.stops) {
    if (control.cancelled()) break;
    const common = { setup: plan.setup, stopNs: options.stopNs, ticks: plan.stopTicks };
    const trace = await luckyStop({ ...common, ...stop }, host, pathOfAll(traces, host).path, control);
    if (trace === null) break;
    if (trace === 'missed') missed.push(SIGSTOP_MISSED);
    else traces.push(trace);
    progress(options.stopNs + 2 * plan.stopTicks * plan.setup.periodNs);
  }
  const result = resultOf({ options, setup: plan.setup, host, running, traces });
  return { result, warnings: [...missed, ...kvmWarnings(result)] };
}

function progressOf(plan: Plan, control: Control): (ns: number) => void {
  let done = 0;
  return (ns) => {
    done += ns;
    control.progress(done, plan.totalNs);
  };
}
