import type { Control } from '../clock/control.ts';
import { kvmNative } from '../native.ts';
import type { Finding } from '../schema/envelope.ts';
import type { KvmResult } from '../schema/kvm.ts';
import { type KvmHost, kvmHost } from './host.ts';
import { kvmError } from './kvm-error.ts';
import { pathOf } from './path.ts';
import { type KvmOptions, type Plan, type PlannedStop, planOf } from './plan.ts';
import { type Running, recordRunning } from './record-running.ts';
import { recordSigstop } from './record-sigstop.ts';
import { recordStop } from './record-stop.ts';
import { resultOf } from './result.ts';
import { checkStop, watchdogNs } from './safety.ts';
import { findingOf } from './stop-finding.ts';
import { minPeriodNs } from './timer-setup.ts';
import type { StopTrace } from './trace.ts';
import { kvmWarnings } from './warnings.ts';

const TRIES = 3;

/** The guest's TSC rate as KVM gives it, kHz. @throws TscopeError UNSUPPORTED where KVM creates no guest. */
export function kvmTscKhz(): number {
  try {
    return kvmNative().tscKhz();
  } catch (error) {
    throw kvmError(error);
  }
}

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
  const tscKhz = kvmTscKhz();
  const progress = progressOf(plan, control);

  const running: Running[] = [];
  for (const row of plan.running) {
    const measured = recordRunning(row, control);
    if (measured === null) break;
    running.push(measured);
    progress(row.ticks * row.setup.periodNs);
  }
  const traces: StopTrace[] = [];
  for (const stop of plan.stops) {
    if (control.stopRequested()) break;
    const trace = await record(stop, plan, options.stopNs, host, control);
    if (trace === null) break;
    traces.push(trace);
    progress(options.stopNs + 2 * plan.stopTicks * plan.setup.periodNs);
  }
  const result = resultOf({ options, setup: plan.setup, host, tscKhz, running, traces });
  return { result, warnings: kvmWarnings(result) };
}

/** A trace that was unlucky: another one may well tell more. */
function unlucky(trace: StopTrace, host: KvmHost): boolean {
  if (trace.stop === 'save-restore') return false;
  // On a kernel that catches up, a delay of one period before the stop is enough to lose the preemption timer.
  const lostTimer = host.preemptionTimer === true && pathOf(trace, host).path === 'hrtimer';
  return lostTimer || findingOf(trace).grid === 'unclear';
}

/** One stop; a few times where it was unlucky. */
async function record(
  { loop, stop }: PlannedStop,
  plan: Plan,
  stopNs: number,
  host: KvmHost,
  control: Control,
): Promise<StopTrace | null> {
  const common = { loop, setup: plan.setup, stopNs, ticks: plan.stopTicks };
  for (let tries = 1; ; tries++) {
    const trace =
      stop === 'sigstop' ? await recordSigstop(common, control) : recordStop({ ...common, stop }, control);
    if (trace === null || tries === TRIES || !unlucky(trace, host)) return trace;
  }
}

function progressOf(plan: Plan, control: Control): (ns: number) => void {
  let done = 0;
  return (ns) => {
    done += ns;
    control.progress(done, plan.totalNs);
  };
}
