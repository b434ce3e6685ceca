import { count } from '../../digits.ts';
import type { TraceResult } from '../../kvm/expiries.ts';
import type { GuestStop } from '../../kvm/guest-stop.ts';
import type { KvmHost } from '../../kvm/host.ts';
import { agreementOf, cannotBeTold, predict } from '../../kvm/model.ts';
import { burstEstimate, HARMLESS_BURST_NS } from '../../kvm/safety.ts';
import { type StallRecord, stallResultOf } from '../../kvm/stall-finding.ts';
import type { TimerSetup } from '../../kvm/timer-setup.ts';
import {
  burstOf,
  combine,
  conclude,
  concludeTrace,
  findingOf,
  fixOf,
  pathAmong,
  pathOfAll,
  type TimerPath,
  together,
} from '../../kvm/verdict.ts';
import { policyNames } from '../../lapic/policies.ts';
import { CRASH_CALLBACK_NS } from '../../lapic/virtual-host.ts';
import type { KvmModel, KvmResult, KvmRunning, KvmStop, KvmTrace } from '../../schema/kvm.ts';
import type { CallbackCost } from '../../schema/stop.ts';
import { formatNs } from '../../units.ts';
import type { Warning } from '../../warning.ts';
import type { KvmOptions } from './plan.ts';

/** Everything that was measured. */
export interface Measured {
  readonly options: KvmOptions;
  readonly setup: TimerSetup;
  readonly host: KvmHost;
  /** The main one of each loop first. */
  readonly running: readonly KvmRunning[];
  /** Null where none were asked for, or the run was interrupted before. */
  readonly stalls: StallRecord | null;
  readonly callback: CallbackCost;
  readonly stops: readonly GuestStop[];
}

/** Interrupts that a document lists. */
const LISTED = 50;

const listed = (timesNs: readonly number[]): number[] => timesNs.slice(0, LISTED).map(Math.round);

function stopOf(stop: GuestStop, path: TimerPath, host: KvmHost): KvmStop {
  const found = findingOf(stop);
  const { grid, unclear: _, ...finding } = found;
  const nothing = { stats: null, interruptShare: null };
  const { before, after } = stop.activity ?? { before: nothing, after: nothing };
  return {
    loop: stop.loop,
    stop: stop.stop,
    periodNs: stop.periodNs,
    ...finding,
    deliveriesNs: listed(stop.deliveriesNs.filter((time) => time >= 0)),
    onGrid: grid === 'unclear' ? null : grid === 'old',
    hostCpuNs: stop.cpu?.recoveryNs ?? null,
    usualCpuNs: stop.cpu?.usualNs ?? null,
    interruptShare: { before: before.interruptShare, after: after.interruptShare },
    stats: { before: before.stats, after: after.stats },
    counts: [...stop.counts],
    path,
    burst: burstOf(found, path, stop.periodNs, stop.kernel.callbacks),
    kernel: stop.kernel,
    ...conclude(found, path, host.preemptionTimer, stop.periodNs),
  };
}

/** What a callback costs on this host: by the longest burst that was seen, else by the kernel's trace. */
function measuredCallbackNs(stops: readonly KvmStop[], traced: CallbackCost): number | undefined {
  const bursts = stops.flatMap(({ burst }) => burst ?? []).toSorted((a, b) => b.callbacks - a.callbacks);
  return bursts[0]?.callbackNs ?? traced.value?.ns;
}

/** @param tracedNs what one callback costs here by the kernel's trace. A burst that was seen says it better. */
function modelOf(stop: GuestStop, path: TimerPath, tscKhz: number, tracedNs?: number): KvmModel[] {
  const callbackNs = burstOf(findingOf(stop), path, stop.periodNs)?.callbackNs ?? tracedNs;
  const predictions = policyNames.map((policy) => {
    const prediction = predict(stop, policy, path, tscKhz, callbackNs);
    return { prediction, agreement: agreementOf(stop, prediction.deliveriesNs) };
  });
  return predictions.map(({ prediction, agreement }) => ({
    ...prediction,
    deliveriesNs: listed(prediction.deliveriesNs),
    agreement,
    alike: predictions
      .filter(
        (other) =>
          other.prediction !== prediction &&
          other.agreement.agrees === agreement.agrees &&
          (agreement.agrees || cannotBeTold(prediction, other.prediction, stop.periodNs)),
      )
      .map((other) => other.prediction.policy),
  }));
}

function saveRestoreOf(stop: GuestStop, path: TimerPath, tscKhz: number): KvmResult['saveRestore'] {
  const { saved, restoredNs, deliveriesNs, leftNs } = stop;
  if (saved === null || restoredNs === null) return null;
  // Every policy predicts the same: the restore starts a new count.
  const { deliveriesNs: predicted } = predict(stop, 'clamp', path, tscKhz);
  const first = deliveriesNs.find((time) => time >= 0);
  return {
    stopNs: -leftNs,
    remainingNs: saved.remainingNs,
    firstInterruptNs: first === undefined ? null : first - restoredNs[1],
    agreesWithModel: agreementOf(stop, predicted).agrees,
  };
}

function traceOf(trace: TraceResult, callback: CallbackCost): KvmTrace {
  if (callback.value === null) return { ...trace, callbackNs: null, callbackReason: callback.reason };
  const { ns, lowNs, highNs } = callback.value;
  return { ...trace, callbackNs: { p50: ns, low: lowNs, high: highNs }, callbackReason: null };
}

/** The document's result of what was measured. */
export function resultOf({ options, setup, host, running, stalls, callback, stops }: Measured): KvmResult {
  const all = pathOfAll(stops, host);
  // A saved and restored timer was set again, so it says nothing about missed ticks.
  const judged = stops.filter(({ stop }) => stop !== 'save-restore');
  // Only a guest that spins is certain to be on the preemption timer; one that halts is on time to the microsecond.
  const mainLoop = all.path === 'preemption-timer' ? 'spin' : 'halt';
  const main = judged.find(({ loop, stop }) => loop === mainLoop && stop === 'pause') ?? judged[0] ?? null;
  const ordered = main === null ? [] : [main, ...judged.filter((stop) => stop !== main)];
  const results = ordered.map((stop) => stopOf(stop, pathAmong(stop, all, host).path, host));
  const [resume = null, ...otherStops] = results;
  const restored = stops.find(({ stop }) => stop === 'save-restore') ?? null;
  const mainRunning = running.find(({ loop }) => loop === mainLoop) ?? null;
  const stall = stalls === null ? null : stallResultOf(stalls);
  const traced = stalls?.trace.available ? concludeTrace(stalls.trace) : null;
  const conclusions = results.map(({ verdict, explanation }) => ({ verdict, explanation }));
  const conclusion = together(combine(conclusions), stall, traced);
  const callbackNs = measuredCallbackNs(results, callback);
  return {
    requestedPeriodNs: options.periodNs,
    periodNs: setup.periodNs,
    divide: setup.divide,
    burstEstimate: burstEstimate(options.stopNs, setup.periodNs, callbackNs),
    host: {
      kernel: host.kernel,
      preemptionTimer: host.preemptionTimer,
      preemptionTimerSource: host.source,
      tscKhz: host.tscKhz,
    },
    path: all.path,
    pathReason: all.reason,
    running: mainRunning,
    sweep: running.filter((row) => row !== mainRunning),
    resume,
    otherStops,
    saveRestore: restored === null ? null : saveRestoreOf(restored, all.path, host.tscKhz),
    model:
      main === null || resume === null ? [] : modelOf(main, resume.path, host.tscKhz, callback.value?.ns),
    stall,
    trace: stalls === null ? null : traceOf(stalls.trace, callback),
    ...conclusion,
    fix: fixOf(conclusion),
  };
}

/** Of the policies that this path allows, one at least should predict what was seen. */
const unpredicted = ({ model }: KvmResult): boolean =>
  model.length > 0 && model.every(({ agreement }) => !agreement.agrees);

/** The doubts that a result leaves. @param traceWanted the lack of the kernel's trace is one. */
export function kvmWarnings(result: KvmResult, traceWanted = false): Warning[] {
  const { requestedPeriodNs, periodNs, verdict } = result;
  const { callbacks, callbackNs, burstNs } = result.burstEstimate;
  const warnings: Warning[] = [];
  if (periodNs !== requestedPeriodNs) {
    warnings.push({
      code: 'kvm-period-raised',
      message: `KVM raised the period from ${formatNs(requestedPeriodNs)} to ${formatNs(periodNs)} (min_timer_period_us).`,
      hint: 'Give `periodNs` that or more, or lower the parameter of the kvm module.',
    });
  }
  if (burstNs > HARMLESS_BURST_NS) {
    const source = callbackNs === CRASH_CALLBACK_NS ? 'in the crash in the field' : 'measured here';
    warnings.push({
      code: 'kvm-long-burst',
      message:
        `A stop of this length costs a kernel that catches up ${formatNs(burstNs)} with interrupts off ` +
        `(${count(callbacks)} callbacks, ${formatNs(callbackNs)} each, as ${source}).`,
      hint: null,
    });
  }
  const { trace } = result;
  if (traceWanted && trace !== null && !trace.available) {
    warnings.push({
      code: 'kvm-no-trace',
      message: `The kernel's trace is not part of this run: ${trace.reason}.`,
      hint: 'Run as root with tracefs mounted, or leave out `trace`.',
    });
  }
  if (verdict === 'catches-up') {
    warnings.push({
      code: 'kvm-catches-up',
      message:
        'This kernel catches up one period at a time (CVE-2025-71104): a long enough stop locks the host up.',
      hint: 'Update the kernel, or load kvm_intel with preemption_timer=0.',
    });
  }
  if (unpredicted(result)) {
    warnings.push({
      code: 'kvm-not-predicted',
      message: 'No policy of the model predicts the interrupts that came after the resume.',
      hint: 'Run it again on a quieter host; if it stays, please report it with the JSON.',
    });
  }
  return warnings;
}
