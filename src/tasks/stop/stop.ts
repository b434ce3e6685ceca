import type { Control } from '../../clock/control.ts';
import type { TimeSource } from '../../clock/time-source.ts';
import { configFor } from '../../lapic/config.ts';
import { type Costs, VIRTUAL_TSC_KHZ } from '../../lapic/virtual-host.ts';
import type { CallbackCost, StopResult } from '../../schema/stop.ts';
import { RealStopHost, RecoveryLog, type StopHost } from './host.ts';
import type { IsolateJob } from './isolate.ts';
import { budgetLimit, measureRows, type RunCell, simulatedLimit } from './matrix.ts';
import { runStop } from './one-stop.ts';
import type { StopOptions } from './options.ts';
import { callbackCostOf, clampPriceOf, type Isolates, tickCostOf } from './price.ts';
import { lockupThreshold } from './projection.ts';
import { VirtualStopHost } from './virtual-stop.ts';

/** Run once for each policy before anything is kept, so that V8 has compiled every path: more steps than one look. */
const WARM_UP = { periodNs: 200_000n, stopNs: 60_000_000_000n };

/** The machine that a matrix is measured on. */
export interface StopMachine {
  readonly tscHz: number;
  /** `virtual_tsc_khz`. */
  readonly tscKhz: number;
  readonly clock: TimeSource;
  /** Measures costs in that many fresh processes. */
  isolates(job: IsolateJob, processes: number): Isolates;
  /** What a callback of this host's kernel costs, by its own trace. */
  callback(): CallbackCost;
  /** ns of real time, from any beginning. */
  now(): number;
}

const hasHvTimer = ({ delivery }: StopOptions): boolean => delivery !== 'posted';

/** How one stop of a cell is run on a host that is new each time. */
function runCellOn(options: StopOptions, tscKhz: number, hostOf: (log: RecoveryLog) => StopHost): RunCell {
  const { delivery, watchdogNs, simulate } = options;
  const log = new RecoveryLog();
  const handlingNs = simulate?.callbackNs ?? 0n;
  return (cell, limitNs, phase, look) => {
    const config = configFor(tscKhz, cell.periodNs, hasHvTimer(options));
    return runStop(
      hostOf(log),
      log,
      config,
      { ...cell, delivery, watchdogNs, limitNs, phase, handlingNs },
      look,
    );
  };
}

/**
 * `stop` in virtual time. The result depends on the options alone.
 *
 * @param walk every step, also those that repeat: the same result, later.
 */
export function simulateStop(
  options: StopOptions,
  simulation: Costs,
  control: Control,
  walk = false,
): StopResult {
  const { delivery, watchdogNs } = options;
  const limit = simulatedLimit(watchdogNs, delivery === 'posted', simulation);
  const run = runCellOn(options, VIRTUAL_TSC_KHZ, (log) => new VirtualStopHost(simulation, log, !walk));
  const ns = Number(simulation.callbackNs);
  return {
    simulated: true,
    delivery,
    watchdogNs: Number(watchdogNs),
    tscHz: VIRTUAL_TSC_KHZ * 1000,
    guestTscKhz: VIRTUAL_TSC_KHZ,
    rows: measureRows(options, limit, run, control),
    tickCost: null,
    clampPrice: null,
    clampPriceReason: 'in virtual time no step has a price of its own',
    lockupThreshold: lockupThreshold(
      options.periodsNs,
      Number(watchdogNs),
      { ns, lowNs: ns, highNs: ns },
      null,
    ),
  };
}

/** `stop` on real clocks: what was measured so far where `control` is cancelled. */
export function measureStop(machine: StopMachine, options: StopOptions, control: Control): StopResult {
  const { policies, periodsNs, watchdogNs, delivery } = options;
  const { tscHz, tscKhz } = machine;
  const job: IsolateJob = {
    policies: [...new Set([...policies, 'catch-up', 'clamp'] as const)],
    guestTscKhz: tscKhz,
    tscHz,
    hvTimer: hasHvTimer(options),
    rounds: 500,
  };
  const began = machine.now();
  const run = runCellOn(options, tscKhz, (log) => new RealStopHost(machine.clock, tscHz, log));
  for (const policy of policies) run({ policy, ...WARM_UP }, watchdogNs, 0.5, control.cancelled);
  const limit = budgetLimit(options.budgetNs, watchdogNs, delivery === 'posted', () => machine.now() - began);
  const rows = measureRows(options, limit, run, control);
  const { costs, reason } = machine.isolates(job, options.processes);
  const kernel = machine.callback();
  const priced = reason === null;
  return {
    simulated: false,
    delivery,
    watchdogNs: Number(watchdogNs),
    tscHz,
    guestTscKhz: tscKhz,
    rows,
    tickCost: priced ? tickCostOf(costs, policies, tscHz) : null,
    clampPrice: priced ? clampPriceOf(costs, tscHz, kernel) : null,
    clampPriceReason: reason,
    lockupThreshold: priced
      ? lockupThreshold(periodsNs, Number(watchdogNs), callbackCostOf(costs), kernel.value)
      : [],
  };
}
