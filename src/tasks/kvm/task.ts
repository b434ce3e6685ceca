import { folded } from '../../circle.ts';
import type { Control } from '../../clock/control.ts';
import type { TscopeError } from '../../errors.ts';
import { measureCallback } from '../../kvm/callback-cost.ts';
import { modulo } from '../../kvm/grid.ts';
import type { GuestStop, StopKind } from '../../kvm/guest-stop.ts';
import { NOT_ASKED_FOR } from '../../kvm/guest-trace.ts';
import { type KvmHost, kvmHost } from '../../kvm/host.ts';
import { agreementOf, predict } from '../../kvm/model.ts';
import { type RunningOptions, recordRunning } from '../../kvm/running.ts';
import { burstEstimate, checkStop, HARMLESS_BURST_NS, watchdogNs } from '../../kvm/safety.ts';
import { recordSigstop } from '../../kvm/sigstop.ts';
import { recordStalls, stallSetup } from '../../kvm/stall.ts';
import type { StallRecord } from '../../kvm/stall-finding.ts';
import { type GuestStopOptions, RESUME_AT, recordStop } from '../../kvm/stop.ts';
import { minPeriodNs } from '../../kvm/timer-setup.ts';
import { burstOf, findingOf, pathOf, pathOfAll, type TimerPath } from '../../kvm/verdict.ts';
import type { KvmResult, KvmRunning } from '../../schema/kvm.ts';
import { refusalOf } from '../../system-error.ts';
import { checkBounds, formatNs, NS_PER_MS, NS_PER_S } from '../../units.ts';
import type { Finding, Warning } from '../../warning.ts';
import { type Experiments, experimentsFor, type KvmOptions, kvmBounds } from './plan.ts';
import { kvmWarnings, resultOf } from './result.ts';

/** Stops of one run that may be made again, where they are over soon. */
const RETRIES = 8;
const SOON_NS = 10 * NS_PER_S;

/** What the stops of this run that are made again may cost together. */
interface Retries {
  left: number;
  /** Of bursts, on a kernel that catches up. */
  budgetNs: number;
}

/** None where a stop is long. */
export const retriesOf = (stopNs: number): Retries => ({
  left: stopNs <= SOON_NS ? RETRIES : 0,
  budgetNs: HARMLESS_BURST_NS,
});

/** Takes one more of a stop whose burst was seen to last that long, or could have. @returns whether there was one. */
export function takeRetry(retries: Retries, burstNs: number): boolean {
  if (retries.left === 0 || burstNs > retries.budgetNs) return false;
  retries.left -= 1;
  retries.budgetNs -= burstNs;
  return true;
}

/**
 * Where in the period to resume the next time. A slow host is late each time, a busy one once: to aim earlier by half
 * of it suits both.
 *
 * @param resumeAt where the last try was to be resumed, and `aim` where it was meant to be, as shares of a period.
 * @param reached where it was.
 */
export const aimAgain = (resumeAt: number, aim: number, reached: number): number =>
  modulo(resumeAt + folded(aim - reached, 1) / 2, 1);

/** A stop whose burst may be longer than this, at 79 ns a callback, is made only after a short one. */
const UNTRIED_BURST_NS = NS_PER_MS;
const SHORT_STOP_PERIODS = 2_000;

/** How long the short stop before a long one is; null where the long one is short enough itself. */
export const shortStopNs = (stopNs: number, periodNs: number): number | null =>
  burstEstimate(stopNs, periodNs).burstNs <= UNTRIED_BURST_NS ? null : SHORT_STOP_PERIODS * periodNs;

/** What KVM itself has done over the years; one of these is to predict what a guest sees. */
const KVM_POLICIES = ['independent', 'catch-up', 'clamp'] as const;

/**
 * Whether another try may well tell more. A host that was away does it, for one period: on a fixed kernel it
 * moves the grid of any timer to a place of its own, and on one that catches up it costs the guest the preemption timer.
 */
export function inconclusiveByChance(stop: GuestStop, path: TimerPath, host: KvmHost): boolean {
  if (host.preemptionTimer === true && path === 'hrtimer') return true;
  const finding = findingOf(stop);
  const { grid } = finding;
  if (stop.stop !== 'save-restore') {
    if (grid === 'unclear' || grid === 'other') return true;
    // A timer that runs on in userspace has no reason to start again at the resume; by chance it may look so.
    if (grid === 'new' && path === 'hrtimer') return true;
  }
  // At 79 ns a callback no policy predicts a long burst of a slow host: it would be made again for that.
  const callbackNs = burstOf(finding, path, stop.periodNs)?.callbackNs;
  return !KVM_POLICIES.some(
    (policy) => agreementOf(stop, predict(stop, policy, path, host.tscKhz, callbackNs).deliveriesNs).agrees,
  );
}

/**
 * Records one stop, again where chance made it inconclusive, and answers with the last.
 *
 * @param knownPath what an earlier stop showed; for SIGSTOP, during which nothing can be watched.
 * @returns null where it was cancelled first.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest, or each try was in vain; the system's error
 * where it refuses the process or the signal that a stop needs.
 */
export async function recordConclusiveStop(
  options: Omit<GuestStopOptions, 'stop'> & { readonly stop: StopKind },
  host: KvmHost,
  knownPath: TimerPath,
  control: Control,
  retries: Retries = retriesOf(options.stopNs),
): Promise<GuestStop | null> {
  const { stop: kind, ...rest } = options;
  const { periodNs } = options.setup;
  const { resumeAt: aim = RESUME_AT } = options;
  let resumeAt = aim;
  for (;;) {
    const common = { ...rest, resumeAt };
    const stop =
      kind === 'sigstop'
        ? await recordSigstop(common, control)
        : recordStop({ ...common, stop: kind }, control);
    if (stop === null) return null;
    const path = kind === 'sigstop' ? knownPath : pathOf(stop, host).path;
    if (!inconclusiveByChance(stop, path, host)) return stop;
    const finding = findingOf(stop);
    resumeAt = aimAgain(resumeAt, aim, finding.resumePhaseNs / periodNs);
    const burst = burstOf(finding, path, periodNs) ?? burstEstimate(options.stopNs, periodNs);
    if (!takeRetry(retries, 'lengthNs' in burst ? burst.lengthNs : burst.burstNs)) return stop;
  }
}

const STOP_WORDS: Readonly<Record<StopKind, string>> = {
  pause: 'by leaving KVM_RUN',
  sigstop: 'by SIGSTOP',
  'save-restore': 'with its local APIC saved and restored',
};

/** A part that was refused, and why. */
function partMissing(part: string, { message, hint }: TscopeError): Warning {
  const why = message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  return { code: 'kvm-part-missing', message: `${part} is not part of this run: ${why}`, hint };
}

/**
 * Runs real guests with KVM's periodic timer, stops and resumes them, and says what this kernel does with the ticks
 * missed. Cancelled, it returns what it has; a part that the host refuses is a warning, and the rest of the run stands.
 *
 * @throws TscopeError USAGE for options that the timer does not take or that could harm the host; UNSUPPORTED
 * where this host cannot run a guest at all, saying why.
 */
export async function kvmTask(options: KvmOptions, control: Control): Promise<Finding<KvmResult>> {
  checkBounds(options, kvmBounds);
  const plan = experimentsFor(options, minPeriodNs());
  checkStop(options.stopNs, plan.setup.periodNs, options.yesReally, watchdogNs());
  const host = kvmHost();
  const progress = progressOf(plan, control);
  const running: KvmRunning[] = [];
  const missing: Warning[] = [];

  let leftOut: string | null = null;

  /** Null where it was cancelled, or refused though a guest has run before. */
  async function attempt<T>(part: string, measure: () => T | null | Promise<T | null>): Promise<T | null> {
    try {
      const measured = control.cancelled() ? null : await measure();
      if (measured === null) leftOut ??= part;
      return measured;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null || refusal.code === 'USAGE' || running.length === 0) throw error;
      missing.push(partMissing(part, refusal));
      return null;
    }
  }

  async function run(rows: readonly RunningOptions[]): Promise<void> {
    for (const row of rows) {
      const { periodNs, divide } = row.setup;
      const part = `A guest that runs (${row.loop}, ${formatNs(periodNs)}, divide count ${divide})`;
      const measured = await attempt(part, () => recordRunning(row, control));
      if (measured !== null) running.push(measured);
      progress(row.ticks * periodNs);
    }
  }

  await run(plan.running);
  const stalls =
    options.stalls === 0
      ? null
      : await attempt('A forced delay', () => recordStallsOf(options, host.tscKhz, running, control));
  const tried = await attempt('Every stop (a short one comes first)', () =>
    tryShortStop(options, plan, host, control),
  );
  const retries = retriesOf(options.stopNs);
  const stops: GuestStop[] = [];
  for (const planned of tried === null ? [] : plan.stops) {
    const { stopNs, trace } = options;
    const common = { setup: plan.setup, stopNs, ticks: plan.stopTicks, trace, tscKhz: host.tscKhz };
    const stop = await attempt(`The stop ${STOP_WORDS[planned.stop]} (${planned.loop})`, () =>
      recordConclusiveStop({ ...common, ...planned }, host, pathOfAll(stops, host).path, control, retries),
    );
    if (stop !== null) stops.push(stop);
    progress(options.stopNs + 2 * plan.stopTicks * plan.setup.periodNs);
  }
  // Last: where time runs out, what a stop does is worth more than these.
  await run(plan.sweep);
  const callback =
    options.trace === 'off'
      ? { value: null, reason: NOT_ASKED_FOR }
      : (options.callback ?? measureCallback(control));
  if (leftOut !== null) {
    missing.push({
      code: 'kvm-part-missing',
      message: `${leftOut} and what comes after it are not part of this run: it was interrupted, or its time was over.`,
      hint: null,
    });
  }
  const result = resultOf({ options, setup: plan.setup, host, running, stalls, callback, stops });
  return { result, warnings: [...missing, ...kvmWarnings(result, options.trace === 'on')] };
}

/**
 * Before a long stop, a short one: where this kernel catches up, its burst tells what a callback costs here.
 *
 * @returns null where it was cancelled first.
 * @throws TscopeError USAGE where the long stop is not safe at that cost.
 */
function tryShortStop(
  { stopNs, yesReally }: KvmOptions,
  { setup, stopTicks }: Experiments,
  host: KvmHost,
  control: Control,
): 'safe' | null {
  const shortNs = shortStopNs(stopNs, setup.periodNs);
  if (shortNs === null) return 'safe';
  const { tscKhz } = host;
  // Untraced: its cost is what counts.
  const short = { loop: 'spin', stop: 'pause', setup, ticks: stopTicks, trace: 'off', tscKhz } as const;
  const record = recordStop({ ...short, stopNs: shortNs }, control);
  if (record === null) return null;
  const burst = burstOf(findingOf(record), pathOf(record, host).path, setup.periodNs);
  if (burst !== null) checkStop(stopNs, setup.periodNs, yesReally, watchdogNs(), burst.callbackNs);
  return 'safe';
}

/** Stalls of a guest whose period suits how late interrupts come here, as the halting guest has shown. */
function recordStallsOf(
  { stalls, trace }: KvmOptions,
  tscKhz: number,
  running: readonly KvmRunning[],
  control: Control,
): StallRecord | null {
  const usualNs = running.find(({ loop }) => loop === 'halt')?.latenessNs.p50Ns ?? 0;
  return recordStalls({ setup: stallSetup(usualNs, minPeriodNs()), stalls, trace, tscKhz }, control);
}

function progressOf(plan: Experiments, control: Control): (ns: number) => void {
  let done = 0;
  return (ns) => {
    done += ns;
    control.progress(done, plan.totalNs);
  };
}
