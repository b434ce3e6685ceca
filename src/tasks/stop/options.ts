import type { Delivery } from '../../lapic/config.ts';
import { type PolicyName, policies, policyNames } from '../../lapic/policies.ts';
import { vcpuDefaults } from '../../lapic/vcpu.ts';
import type { Costs } from '../../lapic/virtual-host.ts';
import type { CallbackCost } from '../../schema/stop.ts';
import { bounds } from '../../units.ts';
import { type QuietOptions, quietDefaults } from '../quiet-thread.ts';

/** What `stop` measures: every policy with every period after every stop. */
export interface StopOptions {
  readonly policies: readonly PolicyName[];
  readonly periodsNs: readonly bigint[];
  readonly stopsNs: readonly bigint[];
  readonly watchdogNs: bigint;
  readonly delivery: Delivery;
  /** Runs of each row, as far as they are short. */
  readonly repeat: number;
  /** Fresh processes in which the clamp's price and a callback's cost are measured. */
  readonly processes: number;
  /** Virtual time instead of this host's. */
  readonly simulate: Costs | null;
  /** How long the whole may take on real clocks; rows that do not fit are cut and projected. */
  readonly budgetNs: number;
  readonly quiet: QuietOptions;
  /** What a callback costs in this host's kernel, where that is known already; else it is measured. */
  readonly callback?: CallbackCost;
}

const S = 1_000_000_000n;
const LEAST_BUDGET_NS = 50e9;

/** Time enough for the default matrix within a minute, and for a few rows that reach a longer watchdog. */
export const budgetFor = (watchdogNs: bigint): number => Math.max(LEAST_BUDGET_NS, 5 * Number(watchdogNs));

/** What is accepted. */
export const stopBounds = {
  /** KVM counts its minimum period in whole microseconds; the count register has 32 bits of ns at divide by one. */
  periodsNs: bounds('1us', '4294967295ns'),
  /** A hundred years: the sum of host time and stop fits ktime, and the TSC does not wrap below 5.8 GHz. */
  stopsNs: bounds('1us', '36500d'),
  watchdogNs: bounds('1ms', '1h'),
  budgetNs: bounds('1s', '30d'),
};

export const stopDefaults: StopOptions = {
  policies: policyNames,
  periodsNs: [200_000n, 1_000_000n],
  stopsNs: [S, 60n * S, 3600n * S, 86_400n * S, 30n * 86_400n * S],
  watchdogNs: vcpuDefaults.watchdogNs,
  delivery: 'coalesced',
  repeat: 20,
  processes: 12,
  simulate: null,
  budgetNs: LEAST_BUDGET_NS,
  quiet: quietDefaults,
};

/** Whether a policy means anything under a delivery: a posted interrupt cannot be owed. */
export const fits = (policy: PolicyName, delivery: Delivery): boolean =>
  delivery === 'coalesced' || !policies[policy].reinjects;
