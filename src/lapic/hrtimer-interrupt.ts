import { ktimeOf } from '../clock/time-source.ts';
import { apicTimerFn } from './apic-timer.ts';
import { takeInterrupt } from './take-interrupt.ts';
import type { Vcpu } from './vcpu.ts';

/** Passes over the expired timers before the interrupt gives up (`if (++retries < 3) goto retry`). */
const PASSES = 3;
/** The longest that a hang puts the next event off, ns. */
const LONGEST_HANG_NS = 100_000_000n;

/**
 * `hrtimer_interrupt`: at most three passes over the expired timers. In each, the callback runs back to back while
 * the expiry is not after the time sampled when the pass began. If the next expiry is past even then, the next event
 * is put off by the time spent here, at most 100 ms, so that the CPU gets on with something else.
 *
 * @returns false where the watchdog fired, or the host wants to end, before it was left.
 */
export function hrtimerInterrupt(vcpu: Vcpu): boolean {
  const { timer, host, watchdogNs } = vcpu;
  const guestRunsElsewhere = timer.delivery === 'posted' && !timer.inUserspace;
  vcpu.hrtimerInterrupts += 1;
  host.read();
  const entryTime = ktimeOf(host);
  let now = entryTime;
  for (let pass = 1; pass <= PASSES; pass++) {
    while (timer.hrtimerArmed && timer.hrtimerExpires <= now) {
      apicTimerFn(timer);
      vcpu.callbacks += 1;
      if (guestRunsElsewhere) takeInterrupt(vcpu);
      host.callbackDone();
      if (BigInt.asIntN(64, ktimeOf(host) - entryTime) >= watchdogNs || vcpu.aborted) return false;
    }
    host.read();
    now = ktimeOf(host);
    if (!timer.hrtimerArmed || timer.hrtimerExpires > now) return true;
  }
  vcpu.hangs += 1;
  const spent = BigInt.asIntN(64, now - entryTime);
  vcpu.hangUntil = now + (spent > LONGEST_HANG_NS ? LONGEST_HANG_NS : spent);
  return true;
}
