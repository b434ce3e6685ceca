import { native } from '../native.ts';
import { reasonOf } from '../system-error.ts';
import { cpuQuota } from './cgroup.ts';
import { type Fact, factOf, known, unknown } from './fact.ts';

/** What the kernel lets this process do about its scheduling, as trying it showed. */
export interface SchedulingFacts {
  readonly realtimeAllowed: Fact<boolean>;
  readonly affinity: Fact<number[]>;
  readonly affinityAllowed: Fact<boolean>;
  readonly timerSlackNs: Fact<number>;
  readonly timerSlackAllowed: Fact<boolean>;
  /** CPUs' worth of time that the cgroup's quota allows; null where it sets none. */
  readonly cpuQuota: Fact<number>;
}

/** Whether `attempt` is let through. What it does must leave everything as it was. */
function allowed(what: string, attempt: () => void): Fact<boolean> {
  const tried = factOf('the addon', native);
  if ('reason' in tried) return unknown(tried.reason);
  try {
    attempt();
    return known(true, `${what}, tried`);
  } catch (error) {
    return known(false, `${what}, tried: ${reasonOf(error)}`);
  }
}

/** Asks the kernel, and tries what a measurement would do; each fact fails on its own. */
export function schedulingFacts(): SchedulingFacts {
  const affinity = factOf('sched_getaffinity', () => native().getAffinity());
  const timerSlackNs = factOf('prctl PR_GET_TIMERSLACK', () => native().getTimerSlack());
  return {
    realtimeAllowed: allowed('sched_setscheduler', () => native().tryFifoPriority(1)),
    affinity,
    affinityAllowed: allowed('sched_setaffinity', () => {
      if (affinity.value !== null) native().setAffinity(affinity.value);
    }),
    timerSlackNs,
    timerSlackAllowed: allowed('prctl PR_SET_TIMERSLACK', () =>
      native().setTimerSlack(timerSlackNs.value ?? 0),
    ),
    cpuQuota: cpuQuota(),
  };
}
