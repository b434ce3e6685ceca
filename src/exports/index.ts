/**
 * What a program can do with tscope in one call: measure the TSC's rate, and read what this host's clocks are worth.
 *
 * @module
 */
import { runTask, type Watch } from '../tasks/run-task.ts';
import type { CalibrateOptions, Calibration } from '../tsc/calibrate.ts';

export { type ErrorCode, TscopeError } from '../errors.ts';
export type { ClockName } from '../host/clocks.ts';
export { hostFacts } from '../host/host-facts.ts';
export type { KernelRemark } from '../host/kernel-log.ts';
export type { HostFacts } from '../schema/host.ts';
export type * from '../tsc/result.ts';
export { TscClock, type TscClockOptions } from '../tsc/tsc-clock.ts';
export type { Finding, Warning } from '../warning.ts';
export type { CalibrateOptions, Calibration, Watch };

/**
 * Measures the TSC's rate as `tscope calibrate` does, on a worker thread.
 *
 * @param options by default a second against CLOCK_MONOTONIC_RAW.
 * @param watch follows the progress, and ends it early with what was measured.
 * @returns the document's result, and the doubts about it.
 * @throws TscopeError where this host or these options do not allow it.
 */
export const calibrate = (options: Partial<CalibrateOptions> = {}, watch: Watch = {}): Promise<Calibration> =>
  runTask('calibrate', { durationNs: 1e9, clock: 'monotonic_raw', ...options }, watch);
export type { ClockFacts } from '../host/clocks.ts';
export type { ClocksourceFacts } from '../host/clocksource.ts';
export type { CpuFacts } from '../host/cpu.ts';
export type { Fact } from '../host/fact.ts';
export type { KvmFacts } from '../host/kvm.ts';
export type { NameComparison } from '../host/names.ts';
export type { OsFacts } from '../host/os.ts';
export type { SchedulingFacts } from '../host/scheduling.ts';
export type { TscFacts } from '../host/tsc.ts';
export type { VirtualizationFacts } from '../host/virtualization.ts';
export type { Conversion } from '../host/vvar.ts';
