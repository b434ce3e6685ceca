import { ScriptedClock } from '../clock/scripted.ts';
import type { LapicConfig } from './config.ts';
import { LapicTimer } from './kvm-timer.ts';
import {
  apicGetState,
  apicSetState,
  apicTimerFn,
  injectApicTimerIrqs,
  lapicExpiredHvTimer,
  readTmcct,
  setLapicTscdeadlineMsr,
  writeLvtt,
  writeTdcr,
  writeTmict,
} from './lapic-timer.ts';
import { type PolicyName, policies } from './policies.ts';
import { type TimerModeName, timerModeName } from './registers.ts';
import { vcpuBlock, vcpuUnblock } from './vcpu.ts';

/** What a step may do, by the value that goes with it: a register's, a guest TSC, none. */
export const stepKinds = {
  register: ['lvtt', 'tmict', 'tdcr'],
  deadline: ['tscdeadline'],
  plain: ['tmcct', 'hv-expire', 'hrtimer-expire', 'block', 'unblock', 'inject', 'save-restore'],
} as const;
/** What a step does, by what its value is: a register's, a deadline, or none. */
export type StepKind<Value extends keyof typeof stepKinds> = (typeof stepKinds)[Value][number];

/** What happens at one instant; both clocks stand still within a step. */
export type Step = {
  readonly ktime: bigint;
  /** Host TSC, u64. */
  readonly tsc: bigint;
} & (
  | { readonly do: StepKind<'register'>; readonly value: number }
  | { readonly do: StepKind<'deadline'>; readonly value: bigint }
  | { readonly do: StepKind<'plain'> }
);

/** A host and a guest, and what they do to the timer, in order. */
export interface Scenario {
  readonly config: LapicConfig;
  readonly policy: PolicyName;
  readonly steps: readonly Step[];
}

/** The timer after a step: its 64-bit fields as decimal strings, null where there is nothing. */
export interface TimerState {
  /** What the guest read, after `tmcct` only. */
  value?: number | undefined;
  mode: TimerModeName;
  divideCount: number;
  /** ns. */
  period: string;
  /** ktime, ns. */
  targetExpiration: string;
  /** Guest TSC; 0 is not programmed. */
  tscDeadline: string;
  pending: number;
  hvTimerInUse: boolean;
  /** Host TSC; null when the HV timer is cancelled. */
  hvDeadlineTsc: string | null;
  /** ktime, ns; null when the hrtimer is not armed. */
  hrtimerExpires: string | null;
  /** Interrupts delivered so far. */
  irqs: number;
  warnings: number;
}

/** Does one step. The value of a `tmcct` step is what the guest read; other steps have none. */
function perform(timer: LapicTimer, step: Step): number | undefined {
  switch (step.do) {
    case 'lvtt':
      return void writeLvtt(timer, step.value);
    case 'tmict':
      return void writeTmict(timer, step.value);
    case 'tdcr':
      return void writeTdcr(timer, step.value);
    case 'tscdeadline':
      return void setLapicTscdeadlineMsr(timer, step.value);
    case 'tmcct':
      return readTmcct(timer);
    case 'hv-expire':
      return void lapicExpiredHvTimer(timer);
    case 'hrtimer-expire':
      return void apicTimerFn(timer);
    case 'block':
      return void vcpuBlock(timer);
    case 'unblock':
      return void vcpuUnblock(timer);
    case 'inject':
      injectApicTimerIrqs(timer);
      // The guest is entered and takes what its IRR holds.
      timer.irr = false;
      return;
    case 'save-restore':
      return void apicSetState(timer, apicGetState(timer));
  }
}

/** The state of a timer in the form of a document. */
export const stateOf = (timer: LapicTimer): TimerState => ({
  mode: timerModeName(timer.timerMode),
  divideCount: timer.divideCount,
  period: timer.period.toString(),
  targetExpiration: timer.targetExpiration.toString(),
  tscDeadline: timer.tscdeadline.toString(),
  pending: timer.pending,
  hvTimerInUse: timer.hvTimerInUse,
  hvDeadlineTsc: timer.hvTimerInUse ? timer.hvDeadlineTsc.toString() : null,
  hrtimerExpires: timer.hrtimerArmed ? timer.hrtimerExpires.toString() : null,
  irqs: timer.interrupts,
  warnings: timer.warnings,
});

/** Replays a scenario on scripted clocks: the state after each step, in order. */
export function replay(scenario: Scenario): { timer: LapicTimer; states: TimerState[] } {
  const clock = new ScriptedClock();
  const timer = new LapicTimer(scenario.config, policies[scenario.policy], clock);
  const states = scenario.steps.map((step) => {
    clock.set(step.ktime, step.tsc);
    const value = perform(timer, step);
    return value === undefined ? stateOf(timer) : { value, ...stateOf(timer) };
  });
  return { timer, states };
}
