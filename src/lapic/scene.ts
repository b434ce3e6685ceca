import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { leaveGuest, type Outcome, runVcpu, type Vcpu } from './vcpu.ts';

/** A stop of a vCPU whose guest has programmed its timer. */
export interface StopScene {
  /** ktime until which the guest runs before it is left. */
  readonly leaveAt: bigint;
  /** The vCPU stays in the guest while its CPU is taken away: the only stop after which a posted timer has lag. */
  readonly staysInGuest?: boolean;
  /**
   * What passes between leaving and the return: `stayInUserspace`, a leap of the clock, a save and a restore. It leaves
   * the clock with a fresh reading.
   */
  readonly pass: () => void;
  /** How long the return is followed, ns. */
  readonly followNs: bigint;
  /** `caught-up` ends it as soon as the timer has no lag. */
  readonly goal: 'time' | 'caught-up';
}

/** A vCPU at one moment: the clocks' latest reading, where the timer stands, and all that has been counted so far. */
export interface Moment {
  readonly ktime: bigint;
  readonly tsc: bigint;
  readonly targetExpiration: bigint;
  /** hrtimer callbacks. */
  readonly callbacks: number;
  readonly vmExits: number;
  /** The one that waits for the next guest entry included. */
  readonly interrupts: number;
  readonly expirations: number;
}

/** What a stop did. */
export interface StopRecord {
  readonly outcome: Outcome;
  /** The guest has just been left; it is about to be entered again; following ended. */
  readonly left: Moment;
  readonly resumed: Moment;
  readonly ended: Moment;
}

const momentOf = ({ timer, host, callbacks, vmExits }: Vcpu): Moment => ({
  ktime: ktimeOf(host),
  tsc: tscOf(host),
  targetExpiration: timer.targetExpiration,
  callbacks,
  vmExits,
  interrupts: timer.interrupts + timer.pending,
  expirations: timer.expirations,
});

/** Runs a vCPU up to a stop, through it, and on from the return: what every experiment with stops has in common. */
export function stopAndResume(vcpu: Vcpu, scene: StopScene): StopRecord {
  runVcpu(vcpu, scene.leaveAt);
  if (!scene.staysInGuest) leaveGuest(vcpu);
  const left = momentOf(vcpu);
  scene.pass();
  const resumed = momentOf(vcpu);
  const outcome = runVcpu(vcpu, resumed.ktime + scene.followNs, scene.goal);
  // The loop's own last reading: another one could be late, and would not fit the state.
  return { outcome, left, resumed, ended: momentOf(vcpu) };
}
