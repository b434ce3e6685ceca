import type { Control } from '../clock/control.ts';
import { hostWaiter } from '../clock/wait.ts';
import { kvmNative, type NativeGuest, native } from '../native.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import type { GuestLoop } from './guest-stop.ts';
import { deathError, kvmError, slowError, stuckError } from './kvm-error.ts';
import { recorder } from './recording.ts';
import type { TimerSetup } from './timer-setup.ts';

/** A guest with its timer started, and what it has reported. */
export type Guest = ReturnType<typeof guestOf>;

const PAUSE_TRIES = 20;
/** Longer than a sleeping thread is late to wake, mostly. */
const SPIN_NS = 200_000;
const POLL_NS = 5n * BigInt(NS_PER_MS);

/** ktime now, ns. */
export function ktimeNow(): bigint {
  const now = new BigInt64Array(2);
  native().sleepUntil(0n, now);
  return now[0] ?? 0n;
}

/**
 * Creates a guest, starts its timer, hands it to `use` paused, and frees it whatever happens.
 *
 * @throws TscopeError UNSUPPORTED where this host cannot run it, saying why.
 */
export function withGuest<T>(
  loop: GuestLoop,
  setup: TimerSetup,
  control: Control,
  use: (guest: Guest) => T,
): T {
  const { Guest: Machine } = kvmNative();
  let machine: NativeGuest | null = null;
  try {
    machine = new Machine(loop === 'spin');
    warmUp(machine);
    machine.program(setup.divideRegister, setup.initialCount);
    return use(guestOf(machine, setup.periodNs, control));
  } catch (error) {
    throw kvmError(error);
  } finally {
    machine?.destroy();
  }
}

/**
 * Runs a guest whose timer does not tick yet, so that the first entry, which is slow, does not make the timer late:
 * a lag of one period is enough for a kernel that catches up to leave the preemption timer for good.
 */
function warmUp(machine: NativeGuest): void {
  machine.resume();
  native().sleepUntil(ktimeNow() + POLL_NS, new BigInt64Array(2));
  pauseMachine(machine);
}

/** @throws TscopeError UNSUPPORTED where KVM does not let the vCPU go. */
export function pauseMachine(machine: Pick<NativeGuest, 'pause'>): void {
  for (let tries = 0; !machine.pause(); tries++) {
    if (tries === PAUSE_TRIES) throw stuckError(PAUSE_TRIES / 10);
  }
}

/** A machine whose timer is programmed, with what it reports. */
export function guestOf(machine: NativeGuest, periodNs: number, control: Control) {
  const { recording, update } = recorder(machine);
  const wait = hostWaiter(control);
  let lastResume = 0n;
  return {
    native: machine,
    recording,
    /** Points of the timer's grid lie whole periods after a moment between these two. Known once it has run. */
    started: (): readonly [bigint, bigint] => [
      recording.setting[0]?.ktime ?? 0n,
      recording.set[0]?.ktime ?? 0n,
    ],
    /**
     * Lets it run until it has reported `count` interrupts more.
     *
     * @returns false where it was cancelled first.
     * @throws TscopeError UNSUPPORTED where the guest dies, or is ten times too slow.
     */
    runFor: (count: number): boolean => {
      const before = recording.deliveries.length;
      const begun = ktimeNow();
      lastResume = begun;
      const latest = begun + BigInt(count * periodNs * 10 + NS_PER_S);
      machine.resume();
      for (;;) {
        update();
        const got = recording.deliveries.length - before;
        if (got >= count) return true;
        const death = machine.death();
        if (death !== null) throw deathError(death);
        const ktime = ktimeNow();
        if (ktime > latest) throw slowError(got, count, Number(ktime - begun) / NS_PER_S);
        if (!wait.sleepUntil(ktime + POLL_NS) || control.cancelled()) return false;
      }
    },
    /** Takes in what was reported since. */
    update,
    /** How long the vCPU's thread took to enter the guest when it was last told to: to resume at a given moment. */
    resumeLatencyNs: (): bigint => (recording.entered.at(-1)?.ktime ?? lastResume) - lastResume,
    /** @throws TscopeError UNSUPPORTED where KVM does not let the vCPU go. */
    pause: (): void => {
      pauseMachine(machine);
      update();
    },
    /** It has been cancelled. */
    cancelled: (): boolean => control.cancelled(),
    /** ktime, ns. */
    now: ktimeNow,
    /** Waits, exactly, with the guest as it is. @returns false where it was cancelled first. */
    waitUntil: (ktime: bigint): boolean => wait.sleepThenSpin(ktime, SPIN_NS),
  };
}
