import type { GuestLoop, StopKind } from '../../kvm/guest-stop.ts';
import type { TraceMode } from '../../kvm/guest-trace.ts';
import { timerSetup } from '../../kvm/timer-setup.ts';
import type { CallbackCost } from '../../schema/stop.ts';
import { bounds, NS_PER_MS } from '../../units.ts';

/** What a user asks for. */
export interface KvmOptions {
  readonly periodNs: number;
  readonly divide: number;
  readonly stopNs: number;
  /** Interrupts of the running guest. */
  readonly ticks: number;
  /** Do it although a catch-up burst could take longer than 20 ms. */
  readonly yesReally: boolean;
  /** Stalls of the guest's CPU that tell the old grid from a new one; 0 makes none. */
  readonly stalls: number;
  readonly trace: TraceMode;
  /** False leaves out the shorter looks at other periods and divide counts. */
  readonly sweep?: boolean;
  /** What a callback costs here, where that is known already; else it is measured. */
  readonly callback?: CallbackCost | undefined;
}

/** What is accepted: the guest must notice each interrupt, and somebody waits. */
export const kvmBounds = { periodNs: bounds('10us', '10s'), stopNs: bounds('10ms', '1h') };

/** Everything to do, in order. */
export type Experiments = ReturnType<typeof experimentsFor>;

const LOOPS: readonly GuestLoop[] = ['halt', 'spin'];
/** Beside the main period: shorter looks at longer periods and other divide counts, where that is a matter of seconds. */
const SWEEP_FACTORS = [1, 4];
const SWEEP_DIVIDES = [1, 16, 128];
const SWEEP_TICKS = 40;
/** Interrupts on either side of a stop: for a phase that is sure on a host where they come late, and for long periods. */
const STOP_TICKS = 100;
const STOP_TICKS_OF_LONG_PERIODS = 30;
const LONG_PERIOD_NS = 20 * NS_PER_MS;

const STOPS: readonly { readonly loop: GuestLoop; readonly stop: StopKind }[] = [
  { loop: 'spin', stop: 'pause' },
  { loop: 'halt', stop: 'pause' },
  { loop: 'halt', stop: 'sigstop' },
  { loop: 'halt', stop: 'save-restore' },
];

/**
 * The experiments for some options. Periods of the sweep are rounded to what the divide count allows.
 *
 * @throws TscopeError USAGE as `timerSetup`.
 */
export function experimentsFor(options: KvmOptions, minPeriodNs: number) {
  const { periodNs, divide, ticks } = options;
  const setup = timerSetup(periodNs, divide, minPeriodNs);
  const others = (options.sweep === false ? [] : SWEEP_FACTORS)
    .flatMap((factor) =>
      SWEEP_DIVIDES.map((by) => ({ period: Math.round((periodNs * factor) / by) * by, by })),
    )
    .filter(
      ({ period, by }) => period > 0 && period <= LONG_PERIOD_NS && !(period === periodNs && by === divide),
    )
    .map(({ period, by }) => timerSetup(period, by, minPeriodNs));
  const running = LOOPS.map((loop) => ({ loop, setup, ticks }));
  const sweep = LOOPS.flatMap((loop) => others.map((setup) => ({ loop, setup, ticks: SWEEP_TICKS })));
  const stopTicks = setup.periodNs > LONG_PERIOD_NS ? STOP_TICKS_OF_LONG_PERIODS : STOP_TICKS;
  const runningNs = [...running, ...sweep].reduce((sum, row) => sum + row.ticks * row.setup.periodNs, 0);
  const stopsNs = STOPS.length * (options.stopNs + 2 * stopTicks * setup.periodNs);
  return {
    setup,
    /** At the main period; each loop once. */
    running,
    sweep,
    stops: STOPS,
    /** Interrupts before and after each stop. */
    stopTicks,
    /** An estimate of the whole, to show progress against. */
    totalNs: runningNs + stopsNs,
  };
}
