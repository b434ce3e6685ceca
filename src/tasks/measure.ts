import { TscopeError } from '../errors.ts';
import { hostFacts } from '../host/host-facts.ts';
import { nativeWithTsc } from '../native.ts';
import { type MeasureResult, PARTS, type Part } from '../schema/measure.ts';
import type { CallbackCost } from '../schema/stop.ts';
import type { Finding, Warning } from '../warning.ts';
import { stopDefaults } from './stop/options.ts';
import { timerDefaults } from './timer/options.ts';
import type { TaskName, TaskOptions, TaskResult } from './worker.ts';

/** Runs one task; what `runTask` does, with somebody watching. `limit` asks it to return what it has by then. */
export type Measure = <Name extends TaskName>(
  name: Name,
  options: TaskOptions<Name>,
  limit?: AbortSignal,
) => Promise<TaskResult<Name>>;

const MS = 1_000_000;
const S = 1_000 * MS;

/**
 * When a busy host's last part is asked to come to an end, s: a little before the promised 60 and 15. Each earlier one is
 * when those after it need the time that is left.
 */
const LIMIT_S = { full: 56, quick: 13 } as const;

/** About how long each part takes, s: what it is given, and what it needs around that. */
const SECONDS: Readonly<Record<'full' | 'quick', Readonly<Record<Part, number>>>> = {
  full: { host: 1, calibrate: 6, timer: 9, drift: 13, stop: 15, kvm: 10 },
  quick: { host: 1, calibrate: 1, timer: 2, drift: 2, stop: 3, kvm: 3 },
};

/** Follows the parts. */
interface Follower {
  /** A part begins; seconds are estimates. */
  begin(part: Part, number: number, seconds: number, secondsAfter: number): void;
  /** A part is done, and was not skipped: a result that holds this part alone. */
  done(part: Part, alone: MeasureResult): void;
}

/** What each part is given: about 50 s in all, or 11 s. */
const plan = (quick: boolean) =>
  ({
    calibrate: { durationNs: quick ? S : 5 * S, clock: 'monotonic_raw' },
    timer: { ...timerDefaults, durationNs: BigInt(quick ? 1200 * MS : 8 * S) },
    drift: {
      durationNs: quick ? 1500 * MS : 12 * S,
      intervalNs: quick ? 20 * MS : 50 * MS,
      clocks: ['tsc', 'monotonic', 'realtime'],
      reference: 'monotonic_raw',
    },
    stop: {
      ...stopDefaults,
      repeat: quick ? 3 : stopDefaults.repeat,
      processes: quick ? 5 : stopDefaults.processes,
      budgetNs: quick ? 1500 * MS : 12 * S,
    },
    kvm: {
      periodNs: MS,
      divide: 1,
      stopNs: quick ? 200 * MS : S,
      ticks: quick ? 100 : 500,
      stalls: quick ? 5 : 8,
      trace: 'auto',
      yesReally: false,
      sweep: !quick,
    },
  }) as const satisfies { [Name in Part & TaskName]: TaskOptions<Name> };

/** A quick run has no time for it. */
const NO_TIME: CallbackCost = { value: null, reason: '`--quick` leaves it out' };

const NOTHING = { calibrate: null, timer: null, drift: null, stop: null, kvm: null, skipped: [] };

/**
 * The main job: every part in order. A part that this host cannot do, and those after an interruption, are null and
 * listed in `skipped`.
 *
 * @throws TscopeError where the TSC cannot be read at all, before anything is measured.
 */
export async function measureHost(
  quick: boolean,
  measure: Measure,
  signal: AbortSignal,
  { begin, done }: Follower,
): Promise<Finding<MeasureResult>> {
  nativeWithTsc();
  const speed = quick ? 'quick' : 'full';
  const seconds = SECONDS[speed];
  const endNs = process.hrtime.bigint() + BigInt(LIMIT_S[speed] * S);
  const secondsAfter = (part: Part) =>
    PARTS.slice(PARTS.indexOf(part) + 1).reduce((sum, each) => sum + seconds[each], 0);
  const started = (part: Part) => begin(part, PARTS.indexOf(part) + 1, seconds[part], secondsAfter(part));
  const limitOf = (part: Part) => {
    const leftNs = endNs - process.hrtime.bigint() - BigInt(secondsAfter(part) * S);
    return AbortSignal.timeout(Math.max(0, Math.ceil(Number(leftNs) / MS)));
  };
  started('host');
  const host = await hostFacts();
  const skipped: MeasureResult['skipped'] = [];
  const warnings: Warning[] = [];
  const options = plan(quick);

  async function part<Result>(
    name: Part,
    run: (limit: AbortSignal) => Promise<Finding<Result>>,
  ): Promise<Result | null> {
    if (signal.aborted) {
      skipped.push({ part: name, reason: 'interrupted before it began' });
      return null;
    }
    started(name);
    try {
      const found = await run(limitOf(name));
      // Two parts can have the same doubt about the host.
      warnings.push(...found.warnings.filter(({ code }) => warnings.every((known) => known.code !== code)));
      done(name, { quick, host, ...NOTHING, [name]: found.result });
      return found.result;
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      skipped.push({ part: name, reason: error.message });
      return null;
    }
  }

  // Two parts show it.
  let callback: CallbackCost | undefined = quick ? NO_TIME : undefined;
  const calibrate = await part('calibrate', (limit) => measure('calibrate', options.calibrate, limit));
  const timer = await part('timer', (limit) => measure('timer', options.timer, limit));
  const drift = await part('drift', (limit) => measure('drift', options.drift, limit));
  const stop = await part('stop', async (limit) => {
    callback ??= await measure('callback', null, limit);
    return measure('stop', { ...options.stop, callback }, limit);
  });
  const kvm = await part('kvm', (limit) => measure('kvm', { ...options.kvm, callback }, limit));
  return { result: { quick, host, calibrate, timer, drift, stop, kvm, skipped }, warnings };
}
