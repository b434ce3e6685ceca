import { ktimeOf, type TimeSource } from '../../clock/time-source.ts';
import { configFor, type LapicConfig } from '../../lapic/config.ts';
import { LapicTimer } from '../../lapic/kvm-timer.ts';
import { advancePeriodicTargetExpiration, programPeriodic } from '../../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../lapic/policies.ts';
import { vcpuDefaults } from '../../lapic/vcpu.ts';
import { midmean, quantile, sorted } from '../../statistics.ts';
import { difference } from '../difference.ts';
import { RealStopHost, RecoveryLog } from './host.ts';
import { runStop } from './one-stop.ts';

// What one fresh process measures. A process is one sample: V8 compiles the same steps differently from one to the next.

/** What to time; plain data, for it goes to another process. */
export interface IsolateJob {
  /** catch-up and clamp among them. */
  readonly policies: readonly PolicyName[];
  readonly guestTscKhz: number;
  readonly tscHz: number;
  readonly hvTimer: boolean;
  /** Batches for each policy. */
  readonly rounds: number;
}

/** One advance by the model in one process, ns. */
export interface AdvanceCost {
  /** The middle half's mean, and what one batch in a hundred exceeds. */
  readonly middleNs: number;
  readonly p99Ns: number;
  /** The middle half's mean over catch-up, batch by batch. */
  readonly overCatchUpNs: number;
}

/** Costs in one process, ns. */
export interface IsolateCosts {
  /** One advance by the model, by policy. */
  readonly advances: Readonly<Record<string, AdvanceCost>>;
  /** One advance in native code. */
  readonly native: { readonly catchUpNs: number; readonly clampNs: number; readonly overCatchUpNs: number };
  /** One undisturbed callback of a recovery under catch-up. */
  readonly callbackNs: number;
}

/** Times 100 advances in native code: fills rows of two words with cycles under catch-up and under clamp. */
type NativeTimer = (out: BigInt64Array) => void;

/** Advances in one timing: one lasts tens of ns, and a TSC may step by ten. */
const BATCH = 100;
const PERIOD_NS = 1_000_000n;
/** Rounds before anything is kept, so that the code is compiled. */
const WARM_UP = 200;
/** A stop whose recovery is 100,000 callbacks. */
const STOP = { policy: 'catch-up', periodNs: 200_000n, stopNs: 20_000_000_000n } as const;
/** Recoveries before the one that counts. */
const WARM_UP_STOPS = 2;

/** ns for each advance of a batch. The target runs ahead of the clock by a period each time, so there is no lag. */
function timeBatch(timer: LapicTimer): number {
  const { clock } = timer;
  clock.read();
  const begin = ktimeOf(clock);
  for (let i = 0; i < BATCH; i++) advancePeriodicTargetExpiration(timer);
  clock.read();
  return difference(ktimeOf(clock), begin) / BATCH;
}

/** Batches of each policy, by turns: whatever disturbs the host meets all of them. In the order of `names`. */
function timeAdvances(clock: TimeSource, config: LapicConfig, names: readonly PolicyName[], rounds: number) {
  const timers = names.map((name) => new LapicTimer(config, policies[name], clock));
  for (const timer of timers) programPeriodic(timer, PERIOD_NS);
  const samples = names.map(() => new Float64Array(rounds));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (let turn = 0; turn < timers.length; turn++) {
      const i = (turn + Math.abs(round)) % timers.length;
      const ns = timeBatch(timers[i] as LapicTimer);
      if (round >= 0) samples[i]?.fill(ns, round, round + 1);
    }
  }
  return samples;
}

function timeNative(timeNative: NativeTimer, tscHz: number, rounds: number): IsolateCosts['native'] {
  const rows = new BigInt64Array(2 * rounds);
  timeNative(rows);
  timeNative(rows);
  const ns = (cycles: bigint) => (Number(cycles) / tscHz / BATCH) * 1e9;
  const of = (value: (catchUp: bigint, clamp: bigint) => bigint) =>
    midmean(
      Float64Array.from({ length: rounds }, (_, i) =>
        ns(value(rows[2 * i] as bigint, rows[2 * i + 1] as bigint)),
      ),
    );
  return {
    catchUpNs: of((catchUp) => catchUp),
    clampNs: of((_, clamp) => clamp),
    overCatchUpNs: of((catchUp, clamp) => clamp - catchUp),
  };
}

/** Times everything once. @param shuffle random order of the policies, which decides what V8 sees first. */
export function measureIsolate(
  job: IsolateJob,
  clock: TimeSource,
  native: NativeTimer,
  shuffle: (names: readonly PolicyName[]) => PolicyName[],
): IsolateCosts {
  const config = configFor(job.guestTscKhz, STOP.periodNs, job.hvTimer);
  const names = shuffle(job.policies);
  const samples = timeAdvances(clock, config, names, job.rounds);
  const catchUp = samples[names.indexOf('catch-up')] ?? new Float64Array(job.rounds);
  const advances = Object.fromEntries(
    names.map((name, i): [string, AdvanceCost] => {
      const own = samples[i] ?? catchUp;
      const overCatchUpNs = midmean(own.map((ns, round) => ns - (catchUp[round] ?? 0)));
      return [name, { middleNs: midmean(own), p99Ns: quantile(sorted(own), 0.99), overCatchUpNs }];
    }),
  );
  const log = new RecoveryLog();
  let callbackNs = 0;
  for (let run = 0; run <= WARM_UP_STOPS; run++) {
    const host = new RealStopHost(clock, job.tscHz, log);
    const limits = { watchdogNs: vcpuDefaults.watchdogNs, limitNs: vcpuDefaults.watchdogNs };
    const found = runStop(host, log, config, {
      ...STOP,
      ...limits,
      delivery: job.hvTimer ? 'coalesced' : 'posted',
      handlingNs: 0n,
      phase: 0.5,
    });
    callbackNs = found?.callbackNs?.mean ?? 0;
  }
  return { advances, native: timeNative(native, job.tscHz, job.rounds), callbackNs };
}
