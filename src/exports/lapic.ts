/**
 * KVM's local-APIC timer, with the kernel's states, arithmetic and names, on any clock; src/lapic/README.md shows how a
 * guest, a stop and the return from it are put together.
 *
 * @module
 */
export { ScriptedClock } from '../clock/scripted.ts';
export {
  KTIME,
  ktimeOf,
  newReading,
  type Reading,
  type TimeSource,
  TSC,
  tscOf,
  type Words,
} from '../clock/time-source.ts';
export { VirtualClock } from '../clock/virtual.ts';
export { WarpedClock } from '../clock/warped.ts';
export { type AroundStop, aroundStop, type StopSetup } from '../lapic/around-stop.ts';
export { catchUpNs, lockupStopNs } from '../lapic/catch-up.ts';
export { type Delivery, type LapicConfig, lapicDefaults } from '../lapic/config.ts';
export { LapicTimer } from '../lapic/kvm-timer.ts';
export {
  apicGetState,
  apicSetState,
  apicTimerFn,
  injectApicTimerIrqs,
  lapicExpiredHvTimer,
  programPeriodic,
  readTmcct,
  type SavedRegisters,
  setLapicTscdeadlineMsr,
  writeLvtt,
  writeTdcr,
  writeTmict,
} from '../lapic/lapic-timer.ts';
export { type Policy, type PolicyName, policies, policyNames } from '../lapic/policies.ts';
export {
  APIC_LVT_MASKED,
  APIC_LVT_TIMER_ONESHOT,
  APIC_LVT_TIMER_PERIODIC,
  APIC_LVT_TIMER_TSCDEADLINE,
  type TimerModeName,
  tdcrByDivide,
  timerModeName,
  timerModeNames,
} from '../lapic/registers.ts';
export {
  replay,
  type Scenario,
  type Step,
  type StepKind,
  stepKinds,
  type TimerState,
} from '../lapic/replay.ts';
export { type Moment, type StopRecord, type StopScene, stopAndResume } from '../lapic/scene.ts';
export type { TimeScale } from '../lapic/time-scale.ts';
export {
  type Outcome,
  runVcpu,
  stayInUserspace,
  Vcpu,
  type VcpuHost,
  type VcpuOptions,
  vcpuDefaults,
} from '../lapic/vcpu.ts';
export { type Costs, CRASH_CALLBACK_NS, NotingHost, VirtualHost } from '../lapic/virtual-host.ts';
