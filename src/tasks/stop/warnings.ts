import { significant } from '../../digits.ts';
import { lapicDefaults } from '../../lapic/config.ts';
import type { StopResult } from '../../schema/stop.ts';
import type { Warning } from '../../warning.ts';
import { fits, type StopOptions } from './options.ts';

/** Steps below which the mean says nothing about interruptions. */
const ENOUGH_STEPS = 100_000;
/** A share of the recoveries beyond which their times are those of a busy host. */
const DISTURBED = 0.1;

/** The share of the longer recoveries in which this thread did not run, by the cost of an undisturbed step. */
function disturbedShare({ rows }: StopResult): number {
  let taken = 0;
  let needed = 0;
  for (const { policy, callbacks, recoveryNs, callbackNs } of rows) {
    if (policy !== 'catch-up' || callbacks < ENOUGH_STEPS || callbackNs === null) continue;
    taken += recoveryNs;
    needed += callbacks * callbackNs.mean;
  }
  return taken === 0 ? 0 : 1 - needed / taken;
}

/**
 * The doubts that a reader should know before the figures.
 *
 * @param options as asked for.
 */
export function warningsOf(options: StopOptions, result: StopResult): Warning[] {
  const warnings: Warning[] = [];
  const policies = options.policies.filter((policy) => fits(policy, options.delivery));
  const asked = policies.length * options.periodsNs.length * options.stopsNs.length;
  if (result.rows.length < asked) {
    warnings.push({
      code: 'rows-missing',
      message: `The stops ended after ${result.rows.length} of ${asked} rows; the others were not measured.`,
      hint: null,
    });
  }
  const disturbed = disturbedShare(result);
  if (!result.simulated && disturbed > DISTURBED) {
    warnings.push({
      code: 'thread-interrupted',
      message: `Other work had this thread's CPU for ${significant(disturbed * 100)} % of the recoveries under catch-up; their times and lockups are those of a busy host, not of the callbacks.`,
      hint: 'Run on a quiet host, or give `cpu` and `priority`. The lockup threshold leaves interruptions out.',
    });
  }
  const cut = result.rows.filter((row) => row.ended === 'budget').length;
  if (cut > 0) {
    warnings.push({
      code: 'rows-projected',
      message: `${cut} of ${result.rows.length} rows were followed for only part of the recovery; their totals are projected from the pace until then.`,
      hint: options.simulate === null ? '`tscope stop --budget 5min` follows them further.' : null,
    });
  }
  if (options.periodsNs.some((periodNs) => periodNs < BigInt(lapicDefaults.minTimerPeriodUs) * 1000n)) {
    warnings.push({
      code: 'below-min-timer-period',
      message: `KVM's min_timer_period_us is ${lapicDefaults.minTimerPeriodUs} unless set; shorter periods are run as if it had been lowered.`,
      hint: null,
    });
  }
  const { clampPrice, clampPriceReason, simulated } = result;
  if (!simulated && clampPriceReason !== null) {
    warnings.push({
      code: 'costs-not-measured',
      message: `The clamp's price and a callback's cost were not measured: ${clampPriceReason}.`,
      hint: null,
    });
  }
  if (clampPrice?.model.modes) {
    const [low, high] = clampPrice.model.modes.map(
      ({ ns, processes }) => `${significant(ns)} ns in ${processes}`,
    );
    warnings.push({
      code: 'two-kinds-of-code',
      message: `V8 compiled the model's advance in two ways: the clamp cost ${low}, ${high} processes.`,
      hint: 'The price in native code does not depend on the JavaScript engine.',
    });
  }
  if ((clampPrice?.model.slowProcesses ?? 0) > 0) {
    warnings.push({
      code: 'code-not-optimised',
      message: `In ${clampPrice?.model.slowProcesses} processes V8 left the model's code to a slower tier; they do not count.`,
      hint: null,
    });
  }
  if (policies.length < options.policies.length) {
    warnings.push({
      code: 'reinject-not-posted',
      message:
        'reinject is left out: it waits for the guest to acknowledge each interrupt, and posted delivery does not.',
      hint: null,
    });
  }
  return warnings;
}
