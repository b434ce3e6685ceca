import { native } from '../native.ts';
import { type Fact, factOf, fileFact, known, unknown } from './fact.ts';

/** What the kernel lets this process do about its scheduling. */
export interface SchedulingFacts {
  readonly realtimeAllowed: Fact<boolean>;
  readonly affinity: Fact<number[]>;
  readonly timerSlackNs: Fact<number>;
}

const CAP_SYS_NICE = 23n;

/** SCHED_FIFO needs CAP_SYS_NICE or a limit above 0 (RLIMIT_RTPRIO); asked without trying, so nothing changes. */
function realtimeAllowed(): Fact<boolean> {
  const status = fileFact('/proc/self/status');
  const limits = fileFact('/proc/self/limits');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status.value ?? '')?.[1];
  const limit = /^Max realtime priority\s+(\S+)/m.exec(limits.value ?? '')?.[1];
  if (capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> CAP_SYS_NICE) & 1n) === 1n) {
    return known(true, '/proc/self/status CAP_SYS_NICE');
  }
  if (limit !== undefined) return known(limit !== '0', '/proc/self/limits RLIMIT_RTPRIO');
  return unknown('reason' in limits ? limits.reason : '/proc/self/limits: no such line');
}

/** Reads /proc and asks the kernel; each fact fails on its own. */
export const schedulingFacts = (): SchedulingFacts => ({
  realtimeAllowed: realtimeAllowed(),
  affinity: factOf('sched_getaffinity', () => native().getAffinity()),
  timerSlackNs: factOf('prctl PR_GET_TIMERSLACK', () => native().getTimerSlack()),
});
