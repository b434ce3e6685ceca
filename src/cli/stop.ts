import { count } from '../digits.ts';
import { usageError } from '../errors.ts';
import { policyNames } from '../lapic/policies.ts';
import { CRASH_CALLBACK_NS } from '../lapic/virtual-host.ts';
import { stop } from '../report/kinds/stop.ts';
import { resultText } from '../report/text.ts';
import { quietDefaults } from '../tasks/quiet-thread.ts';
import { budgetFor, fits, stopBounds, stopDefaults } from '../tasks/stop/options.ts';
import { bounds, durationIn } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, integer, list, quietOptions } from './options.ts';

const MOST_RUNS = 100_000;

const CRASH_CALLBACK = BigInt(CRASH_CALLBACK_NS);
/** About what a VM exit and entry take. */
const EXIT = 1000n;

const HELP = `
The timer of KVM's local APIC runs on this host's clocks; the guest is left, both clocks are moved forward by the stop, and
everything after the return is real: each callback reads both clocks until the timer has caught up or the watchdog fires.
A recovery that is cut short is projected from its own pace, and marked so.

Examples:
  tscope stop                                      8 policies, 2 periods, 5 stops: within a minute
  tscope stop --periods 1739904ns --stops 55d      the crash's guest
  tscope stop --simulate --callback-cost 79ns      virtual time; the same result on every run and host`;

export const command = defineCommand({
  name: 'stop',
  summary: 'what each policy does after a long stop, and what it costs',
  needsHost: true,
  configure: (command) =>
    quietOptions(command, quietDefaults)
      .option('--periods <times>', 'timer periods', list(durationIn(stopBounds.periodsNs)), [
        ...stopDefaults.periodsNs,
      ])
      .option('--stops <times>', 'how long the guest is away', list(durationIn(stopBounds.stopsNs)), [
        ...stopDefaults.stopsNs,
      ])
      .option('--policies <names>', `which, of ${policyNames.join(', ')}`, list(choice(policyNames)), [
        ...policyNames,
      ])
      .option(
        '--watchdog <time>',
        'a hard lockup after this long in one interrupt',
        durationIn(stopBounds.watchdogNs),
        stopDefaults.watchdogNs,
      )
      .option(
        '--delivery <how>',
        'coalesced: as one pending interrupt; posted: each at once (timers on housekeeping CPUs)',
        choice(['coalesced', 'posted']),
        stopDefaults.delivery,
      )
      .option(
        '--repeat <n>',
        'stops for each row, from other phases, where they are short',
        integer(1, 10_000),
        stopDefaults.repeat,
      )
      .option(
        '--budget <time>',
        'time for all rows; those that do not fit are cut and projected (default: 50s, or five watchdogs)',
        durationIn(stopBounds.budgetNs),
      )
      .option('--simulate', 'virtual time with fixed costs; needs no host')
      .option(
        '--callback-cost <time>',
        "with --simulate: one hrtimer callback (default: 79ns, the crash's)",
        durationIn(bounds('1ns', '1ms')),
      )
      .option(
        '--exit-cost <time>',
        'with --simulate: one VM exit and entry (default: 1us)',
        durationIn(bounds('1ns', '1ms')),
      )
      .addHelpText('after', HELP),
  run: async ({ measure }, options) => {
    const { callbackCost, exitCost } = options;
    if (!options.simulate && (callbackCost !== undefined || exitCost !== undefined)) {
      throw usageError(
        '--callback-cost and --exit-cost go with --simulate; on real clocks the costs are measured.',
      );
    }
    const runs = options.policies.length * options.periods.length * options.stops.length * options.repeat;
    if (runs > MOST_RUNS) {
      throw usageError(
        `stop: ${count(runs)} stops (policies x periods x stops x repeat) are more than ${count(MOST_RUNS)}.`,
      );
    }
    if (!options.policies.some((policy) => fits(policy, options.delivery))) {
      throw usageError('--policies: reinject alone has no meaning with --delivery posted.');
    }
    const { result, warnings } = await measure('stop', {
      policies: options.policies,
      periodsNs: options.periods,
      stopsNs: options.stops,
      watchdogNs: options.watchdog,
      delivery: options.delivery,
      repeat: options.repeat,
      processes: stopDefaults.processes,
      simulate: options.simulate
        ? { callbackNs: callbackCost ?? CRASH_CALLBACK, exitNs: exitCost ?? EXIT }
        : null,
      budgetNs: options.budget === undefined ? budgetFor(options.watchdog) : Number(options.budget),
      quiet: { cpu: options.cpu ?? null, priority: options.priority },
    });
    return { result, warnings, text: resultText(stop, result) };
  },
});
