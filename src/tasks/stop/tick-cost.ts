import type { TimeSource } from '../../clock/time-source.ts';
import { ktimeOf } from '../../clock/time-source.ts';
import type { LapicConfig } from '../../lapic/config.ts';
import { LapicTimer } from '../../lapic/kvm-timer.ts';
import { advancePeriodicTargetExpiration, programPeriodic } from '../../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../lapic/policies.ts';
import type { StopResult } from '../../schema/stop.ts';
import { difference } from '../difference.ts';

/** Advances in one timing: one lasts tens of ns, and a TSC may step by ten. */
const BATCH = 100;
const PERIOD_NS = 1_000_000n;
/** Rounds before anything is kept, so that the code is compiled. */
const WARM_UP = 200;
const Z_95 = 1.96;

const at = (sorted: Float64Array, rank: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN;

/** The median and its 95 % interval by order statistics, which asks nothing of the distribution. */
function medianInterval(values: Float64Array): { median: number; low: number; high: number } {
  const sorted = values.slice().sort();
  const middle = (sorted.length - 1) / 2;
  const reach = (Z_95 * Math.sqrt(sorted.length)) / 2;
  return { median: at(sorted, middle), low: at(sorted, middle - reach), high: at(sorted, middle + reach) };
}

/** ns for each advance of a batch. The target runs ahead of the clock by a period each time, so there is no lag. */
function timeBatch(timer: LapicTimer): number {
  const { clock } = timer;
  clock.read();
  const begin = ktimeOf(clock);
  for (let i = 0; i < BATCH; i++) advancePeriodicTargetExpiration(timer);
  clock.read();
  return difference(ktimeOf(clock), begin) / BATCH;
}

/**
 * What one advance costs when there is no lag: `advance_periodic_target_expiration` alone, its reads of both clocks
 * included. The policies take turns, so that whatever disturbs the host meets all of them; each is compared with
 * catch-up round by round.
 *
 * @param rounds batches for each policy.
 */
export function tickCost(
  clock: TimeSource,
  config: LapicConfig,
  names: readonly PolicyName[],
  tscHz: number,
  rounds: number,
): NonNullable<StopResult['tickCost']> {
  const compared = [...new Set<PolicyName>(['catch-up', ...names])];
  const timers = compared.map((name) => new LapicTimer(config, policies[name], clock));
  for (const timer of timers) programPeriodic(timer, PERIOD_NS);
  const samples = compared.map(() => new Float64Array(rounds));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (let turn = 0; turn < timers.length; turn++) {
      const i = (turn + Math.abs(round)) % timers.length;
      const timer = timers[i];
      if (timer === undefined) continue;
      const ns = timeBatch(timer);
      if (round >= 0) samples[i]?.fill(ns, round, round + 1);
    }
  }
  const [catchUp = new Float64Array(rounds)] = samples;
  const cycles = (ns: number) => (ns * tscHz) / 1e9;
  return names.map((policy) => {
    const own = samples[compared.indexOf(policy)] ?? catchUp;
    const sorted = own.slice().sort();
    const over = medianInterval(own.map((ns, round) => ns - (catchUp[round] ?? 0)));
    const p50Ns = at(sorted, (rounds - 1) / 2);
    return {
      policy,
      p50Ns,
      p99Ns: at(sorted, 0.99 * (rounds - 1)),
      cycles: cycles(p50Ns),
      overCatchUpNs: over.median,
      overCatchUpLowNs: over.low,
      overCatchUpHighNs: over.high,
      overCatchUpCycles: cycles(over.median),
    };
  });
}
