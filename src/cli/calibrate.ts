import type { ClockName } from '../host/clocks.ts';
import { calibrate } from '../report/kinds/calibrate.ts';
import { resultText } from '../report/text.ts';
import { calibrateBounds } from '../tsc/calibrate.ts';
import { durationIn } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice } from './options.ts';

/** Clocks that advance with every tick of their counter. */
const CLOCKS: readonly ClockName[] = ['monotonic_raw', 'monotonic', 'realtime', 'boottime', 'tai'];

const HELP = `
Reads the clock between two reads of the TSC, thousands of times, and fits the rate to the narrowest of these brackets.
The certain bounds hold whatever the noise. On a kernel whose clocksource is the TSC, monotonic_raw is the TSC times
mult >> shift: calibrate finds both exactly, and the true rate then comes from an NTP or PTP client, if there is one.

Examples:
  tscope calibrate                       a second: about 0.0003 ppb where the clocksource is the TSC
  tscope calibrate --duration 10ms       about 0.04 ppb
  tscope calibrate --duration 1h --clock realtime --json`;

export const command = defineCommand({
  name: 'calibrate',
  summary: "measures the TSC's rate, finds the kernel's own ratio, and lists what other sources claim",
  needsHost: true,
  configure: (command) =>
    command
      .option(
        '--duration <time>',
        'how long to measure',
        durationIn(calibrateBounds.durationNs),
        1_000_000_000n,
      )
      .option(
        '--clock <name>',
        `the clock to measure against: ${CLOCKS.join(', ')}`,
        choice(CLOCKS),
        'monotonic_raw',
      )
      .addHelpText('after', HELP),
  run: async ({ measure }, options) => {
    const task = { durationNs: Number(options.duration), clock: options.clock };
    const { result, warnings } = await measure('calibrate', task);
    return { result, warnings, text: resultText(calibrate, result) };
  },
});
