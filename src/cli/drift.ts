import { usageError } from '../errors.ts';
import { CLOCK_NAMES } from '../host/clocks.ts';
import { drift } from '../report/kinds/drift.ts';
import { resultText } from '../report/text.ts';
import { driftBounds } from '../tasks/drift/drift.ts';
import type { ComparedClock } from '../tasks/drift/pair.ts';
import { durationIn } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, list } from './options.ts';

const COMPARED: readonly ComparedClock[] = ['tsc', ...CLOCK_NAMES];

const DEFAULT: readonly ComparedClock[] = ['tsc', 'monotonic', 'monotonic_raw', 'realtime'];

const HELP = `
Each sample reads every clock in a burst of brackets (TSC, clock, TSC) and keeps the narrowest. Rates are against the
reference; a pair made from one counter is marked, because its agreement says nothing about the crystal.

Examples:
  tscope drift                                    a minute, every 100 ms
  tscope drift --duration 1d --interval 1s --json --out drift.json
  tscope drift --duration 7d --interval 10s --db drift.db
  tscope drift --clocks tsc,realtime --reference monotonic`;

export const command = defineCommand({
  name: 'drift',
  summary: "compares this host's clocks on a regular grid: rate, time error, stability, events",
  needsHost: true,
  configure: (command) =>
    command
      .option('--duration <time>', 'how long to sample', durationIn(driftBounds.durationNs), 60_000_000_000n)
      .option('--interval <time>', 'time between samples', durationIn(driftBounds.intervalNs), 100_000_000n)
      .option('--clocks <names>', `which, of ${COMPARED.join(', ')}`, list(choice(COMPARED)), [...DEFAULT])
      .option('--reference <clock>', 'the clock to compare with', choice(CLOCK_NAMES), 'monotonic_raw')
      .addHelpText('after', HELP),
  run: async ({ measure, kept }, { duration, interval, clocks, reference }) => {
    if (interval * 2n > duration)
      throw usageError('--interval: at least two intervals must fit into --duration.');
    const compared = clocks.filter((clock) => clock !== reference);
    if (compared.length === 0)
      throw usageError(`--clocks: give another clock than the reference, ${reference}.`);
    const options = {
      durationNs: Number(duration),
      intervalNs: Number(interval),
      clocks: compared,
      reference,
      ...(kept === null ? {} : { kept }),
    };
    const { result, warnings } = await measure('drift', options);
    return { result, warnings, text: resultText(drift, result) };
  },
});
