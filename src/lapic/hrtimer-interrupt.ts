import { ktimeOf } from '../clock/time-source.ts';
import { apicTimerFn } from './apic-timer.ts';
import { takeInterrupt } from './take-interrupt.ts';
import type { Vcpu } from './vcpu.ts';

/** Passes over the expired timers before the interrupt gives up (`if (++retries < 3) goto retry`). */
const PASSES = 3;
/** The longest that a hang puts the next event off, ns. */
const LONGEST_HANG_NS = 100_000_000n;

/**
 * One pass of `__hrtimer_run_queues`: the callback runs back to back while the expiry is not after `now`, the time
 * sampled when the pass began.
 *
 * @returns false where the watchdog fires, or the host wants to end, in the middle of it.
 */
function runExpired(vcpu: Vcpu, now: bigint, entryTime: bigint): boolean {
  const { timer, host, watchdogNs } = vcpu;
  const guestRunsElsewhere = timer.delivery === 'posted' && !timer.inUserspace;
  while (timer.hrtimerArmed && timer.hrtimerExpires <= now) {
    apicTimerFn(timer);
    vcpu.callbacks += 1;
    if (guestRunsElsewhere) takeInterrupt(vcpu, ktimeOf(host));
    host.callbackDone();
    if (BigInt.asIntN(64, ktimeOf(host) - entryTime) >= watchdogNs || vcpu.aborted) return false;
  }
  return true;
}

/**
 * `hrtimer_interrupt`: at most three passes; if the next expiry is past even then, the next event is put off by the
 * time spent here, at most 100 ms, so that the CPU gets on with something else.
 *
 * @returns false where it was not left: a hard lockup, or the host wants to end.
 */
export function hrtimerInterrupt(vcpu: Vcpu): boolean {
  const { timer, host } = vcpu;
  vcpu.hrtimerInterrupts += 1;
  host.read();
  const entryTime = ktimeOf(host);
  for (let pass = 1; pass <= PASSES; pass++) {
    if (!runExpired(vcpu, ktimeOf(host), entryTime)) return false;
    host.read();
    if (!timer.hrtimerArmed || timer.hrtimerExpires > ktimeOf(host)) return true;
  }
  vcpu.hangs += 1;
  const now = ktimeOf(host);
  const spent = BigInt.asIntN(64, now - entryTime);
  vcpu.hangUntil = now + (spent > LONGEST_HANG_NS ? LONGEST_HANG_NS : spent);
  return true;
}
