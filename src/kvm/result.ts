import { policyNames } from '../lapic/policies.ts';
import type { KvmResult, KvmStop } from '../schema/kvm.ts';
import { agreementOf } from './agreement.ts';
import type { KvmHost } from './host.ts';
import { type PathFinding, pathOfAll } from './path.ts';
import type { KvmOptions } from './plan.ts';
import { predict } from './prediction.ts';
import type { Running } from './record-running.ts';
import { burstEstimate } from './safety.ts';
import { findingOf } from './stop-finding.ts';
import type { TimerSetup } from './timer-setup.ts';
import type { StopTrace } from './trace.ts';
import { type Conclusion, combine, conclude } from './verdict.ts';

/** Everything that was measured. */
export interface Measured {
  readonly options: KvmOptions;
  readonly setup: TimerSetup;
  readonly host: KvmHost;
  /** The main one of each loop first. */
  readonly running: readonly Running[];
  readonly traces: readonly StopTrace[];
}

/** Interrupts that a document lists. */
const LISTED = 50;

const listed = (timesNs: readonly number[]): number[] => timesNs.slice(0, LISTED).map(Math.round);

function stopOf(trace: StopTrace, path: PathFinding, host: KvmHost): KvmStop {
  const { grid, unclear: _, ...finding } = findingOf(trace);
  const nothing = { stats: null, interruptShare: null };
  const { before, after } = trace.activity ?? { before: nothing, after: nothing };
  return {
    loop: trace.loop,
    stop: trace.stop,
    periodNs: trace.periodNs,
    ...finding,
    deliveriesNs: listed(trace.deliveriesNs.filter((time) => time >= 0)),
    onGrid: grid === 'unclear' ? null : grid === 'old',
    hostCpuNs: trace.cpu?.recoveryNs ?? null,
    usualCpuNs: trace.cpu?.usualNs ?? null,
    interruptShare: { before: before.interruptShare, after: after.interruptShare },
    stats: { before: before.stats, after: after.stats },
    counts: [...trace.counts],
    ...concludeFor(trace, path, host),
  };
}

const concludeFor = (trace: StopTrace, { path }: PathFinding, host: KvmHost): Conclusion =>
  conclude(findingOf(trace), path, host.preemptionTimer);

function modelOf(trace: StopTrace, path: PathFinding, tscKhz: number): KvmResult['model'] {
  return policyNames.map((policy) => {
    const { deliveriesNs, ...prediction } = predict(trace, policy, path.path, tscKhz);
    return { ...prediction, deliveriesNs: listed(deliveriesNs), agreement: agreementOf(trace, deliveriesNs) };
  });
}

function saveRestoreOf(trace: StopTrace, path: PathFinding, tscKhz: number): KvmResult['saveRestore'] {
  const { saved, restoredNs, deliveriesNs, leftNs } = trace;
  if (saved === null || restoredNs === null) return null;
  // Every policy predicts the same: the restore starts a new count.
  const { deliveriesNs: predicted } = predict(trace, 'clamp', path.path, tscKhz);
  const first = deliveriesNs.find((time) => time >= 0);
  return {
    stopNs: -leftNs,
    remainingNs: saved.remainingNs,
    firstInterruptNs: first === undefined ? null : first - restoredNs[1],
    agreesWithModel: agreementOf(trace, predicted).agrees,
  };
}

/** Pure: the contract's result of what was measured. */
export function resultOf({ options, setup, host, running, traces }: Measured): KvmResult {
  const path = pathOfAll(traces, host);
  // A saved and restored timer was set anew, so it says nothing about missed ticks.
  const judged = traces.filter(({ stop }) => stop !== 'save-restore');
  // Only a guest that spins is certain to be on the preemption timer; one that halts is on time to the microsecond.
  const mainLoop = path.path === 'preemption-timer' ? 'spin' : 'halt';
  const main = judged.find(({ loop, stop }) => loop === mainLoop && stop === 'pause') ?? judged[0] ?? null;
  const others = judged.filter((trace) => trace !== main);
  const restored = traces.find(({ stop }) => stop === 'save-restore') ?? null;
  const mainRunning = running.find(({ loop }) => loop === mainLoop) ?? null;
  const conclusions = (main === null ? [] : [main, ...others]).map((trace) => concludeFor(trace, path, host));
  return {
    requestedPeriodNs: options.periodNs,
    periodNs: setup.periodNs,
    divide: setup.divide,
    burstEstimate: burstEstimate(options.stopNs, setup.periodNs),
    host: {
      kernel: host.kernel,
      preemptionTimer: host.preemptionTimer,
      preemptionTimerSource: host.source,
      tscKhz: host.tscKhz,
    },
    path: path.path,
    pathReason: path.reason,
    running: mainRunning,
    sweep: running.filter((row) => row !== mainRunning),
    resume: main === null ? null : stopOf(main, path, host),
    otherStops: others.map((trace) => stopOf(trace, path, host)),
    saveRestore: restored === null ? null : saveRestoreOf(restored, path, host.tscKhz),
    model: main === null ? [] : modelOf(main, path, host.tscKhz),
    ...combine(conclusions),
  };
}
