import type { Control } from '../../clock/control.ts';
import type { TimeSource } from '../../clock/time-source.ts';
import { type LapicConfig, lapicDefaults } from '../../lapic/config.ts';
import type { StopResult, StopRow } from '../../schema/stop.ts';
import { budgetLimits, simulatedLimits } from './limits.ts';
import { callbackCost, lockupThreshold } from './lockup-threshold.ts';
import { cellsOf, type Limits, measureMatrix, ordered, type RunCell } from './matrix.ts';
import { Notes } from './notes.ts';
import { MIN_TIMER_PERIOD_US, type Simulation, type StopOptions } from './options.ts';
import { runStop } from './run-stop.ts';
import { RealStopHost, type StopHost, VirtualStopHost } from './stop-host.ts';
import { tickCost } from './tick-cost.ts';

/** A simulated guest's TSC. */
const SIMULATED_TSC_KHZ = 2_600_000;
/** Run once for each policy before anything is kept, so that V8 has compiled every path: more steps than one look. */
const WARM_UP = { periodNs: 200_000n, stopNs: 60_000_000_000n };
/** Where catch-up is not asked for, its cost comes from this stop. */
const COST_STOP_NS = 60_000_000_000n;

/** The machine that a matrix is measured on. */
export interface StopMachine {
  readonly tscHz: number;
  /** `virtual_tsc_khz`. */
  readonly tscKhz: number;
  readonly clock: TimeSource;
  /** Batches in which one advance is timed, for each policy. */
  readonly tickRounds: number;
  /** ns of real time, from any beginning. */
  now(): number;
}

const configOf = (guestTscKhz: number, periodNs: bigint, posted: boolean): LapicConfig => ({
  ...lapicDefaults,
  guestTscKhz,
  hvTimer: !posted,
  minTimerPeriodUs: Math.min(MIN_TIMER_PERIOD_US, Number(periodNs / 1000n)),
});

function runner(options: StopOptions, tscKhz: number, hostOf: (notes: Notes) => StopHost): RunCell {
  const { delivery, watchdogNs, simulate } = options;
  let look: (elapsedNs: number) => boolean = () => false;
  const notes = new Notes((elapsedNs) => look(elapsedNs));
  return (cell, limitNs, phase, lookNow) => {
    look = lookNow;
    return runStop(hostOf(notes), notes, configOf(tscKhz, cell.periodNs, delivery === 'posted'), {
      ...cell,
      delivery,
      watchdogNs,
      limitNs,
      phase,
      handlingNs: simulate?.callbackNs ?? 0n,
    });
  };
}

function measureRows(options: StopOptions, limits: Limits, run: RunCell, control: Control): StopRow[] {
  const { policies, periodsNs, stopsNs, repeat } = options;
  const cells = cellsOf(policies, periodsNs, stopsNs);
  return ordered(measureMatrix(cells, repeat, limits, run, control), cells, policies);
}

/** `stop` in virtual time. The result depends on the options alone. */
export function simulateStop(options: StopOptions, simulation: Simulation, control: Control): StopResult {
  const hostOf = (notes: Notes) => new VirtualStopHost(SIMULATED_TSC_KHZ, simulation, notes);
  const limits = simulatedLimits(options.watchdogNs, options.delivery === 'posted', simulation);
  const rows = measureRows(options, limits, runner(options, SIMULATED_TSC_KHZ, hostOf), control);
  const costs = new Map(
    options.periodsNs.map((periodNs) => [Number(periodNs), Number(simulation.callbackNs)]),
  );
  return {
    simulated: true,
    delivery: options.delivery,
    watchdogNs: Number(options.watchdogNs),
    tscHz: SIMULATED_TSC_KHZ * 1000,
    guestTscKhz: SIMULATED_TSC_KHZ,
    rows,
    tickCost: null,
    lockupThreshold: lockupThreshold(costs, Number(options.watchdogNs)),
  };
}

/** `stop` on real clocks: what was measured so far where `control` asks to stop. */
export function measureStop(machine: StopMachine, options: StopOptions, control: Control): StopResult {
  const { policies, periodsNs, watchdogNs, delivery } = options;
  const { tscHz, tscKhz } = machine;
  const began = machine.now();
  const posted = delivery === 'posted';
  const hostOf = (notes: Notes) => new RealStopHost(machine.clock, tscHz, notes);
  const run = runner(options, tscKhz, hostOf);
  // First, while V8 has compiled nothing of it for another purpose: the differences are a few ns.
  const ticks = tickCost(
    machine.clock,
    configOf(tscKhz, 1_000_000n, posted),
    policies,
    tscHz,
    machine.tickRounds,
  );
  for (const policy of policies) run({ policy, ...WARM_UP }, watchdogNs, 0.5, control.cancelled);
  const limits = budgetLimits(options.budgetNs, watchdogNs, posted, () => machine.now() - began);
  const rows = measureRows(options, limits, run, control);
  const costs = new Map<number, number>();
  for (const periodNs of periodsNs) {
    const cell = { policy: 'catch-up', periodNs, stopNs: COST_STOP_NS } as const;
    const cost =
      callbackCost(rows, periodNs) ?? callbackCost([run(cell, watchdogNs, 0.5, control.cancelled)], periodNs);
    if (cost !== null) costs.set(Number(periodNs), cost);
  }
  return {
    simulated: false,
    delivery,
    watchdogNs: Number(watchdogNs),
    tscHz,
    guestTscKhz: tscKhz,
    rows,
    tickCost: ticks,
    lockupThreshold: lockupThreshold(costs, Number(watchdogNs)),
  };
}
