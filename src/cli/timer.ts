import { policyNames } from '../lapic/policies.ts';
import { checkWritable, writeWhole } from '../out-file.ts';
import { hdrForm, hdrText } from '../report/hdr.ts';
import { timerText } from '../report/kinds/timer.ts';
import { TIMER_BACKENDS } from '../schema/timer.ts';
import { quietDefaults } from '../tasks/quiet-thread.ts';
import { timerBounds, timerDefaults } from '../tasks/timer/options.ts';
import { durationIn, formatNs } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, quietOptions } from './options.ts';

const HELP = `
Runs a periodic timer of KVM's local APIC, live: the thread waits for each expiry, handles it under the policy, and notes
how late it was. The backend says how it waits: hrtimer sleeps; tsc spins on the TSC, as the preemption timer's hardware
does; hybrid sleeps, then spins. With --stop-every and --stop-for the thread really leaves, and the policy shows what it
does about the missed periods. With --cyclictest the yardstick of wake-up latency (Debian package rt-tests) runs first,
for as long.

Examples:
  tscope timer                                                lateness of a sleeping timer, 1 ms for 10 s
  tscope timer --histogram 1us > latency.txt                  the ticks of each microsecond as cyclictest -h prints them, all else after a #
  tscope timer --hdr latency.hlog                             the same for HdrHistogram's tools
  tscope timer --cyclictest --cpu 1                           the same beside cyclictest, which runs first
  tscope timer --policy independent --backend tsc --period 1000033ns --duration 30s
  tscope timer --policy catch-up --backend tsc --stop-every 2s --stop-for 500ms`;

export const command = defineCommand({
  name: 'timer',
  summary: 'the periodic timer, live: lateness, missed ticks, TSC deadline against ktime deadline',
  needsHost: true,
  configure: (command) =>
    quietOptions(command, quietDefaults)
      .option(
        '--period <time>',
        'from tick to tick',
        durationIn(timerBounds.periodNs),
        timerDefaults.periodNs,
      )
      .option('--duration <time>', 'how long', durationIn(timerBounds.durationNs), timerDefaults.durationNs)
      .option(
        '--policy <name>',
        `what to do about missed ticks: ${policyNames.join(', ')}`,
        choice(policyNames),
        timerDefaults.policy,
      )
      .option(
        '--backend <name>',
        `how to wait: ${TIMER_BACKENDS.join(', ')}`,
        choice(TIMER_BACKENDS),
        timerDefaults.backend,
      )
      .option('--stop-every <time>', 'leave this often', durationIn(timerBounds.stopEveryNs))
      .option('--stop-for <time>', 'for this long', durationIn(timerBounds.stopForNs))
      .option(
        '--histogram <width>',
        'print the ticks in bars of this width, as cyclictest does',
        durationIn(timerBounds.barNs),
      )
      .option(
        '--hdr <file>',
        "write the lateness for HdrHistogram's tools: .hlog, or .hgrm with percentiles",
        (file) => ({ file, form: hdrForm(file) }),
      )
      .option('--cyclictest', 'run cyclictest first: same period, time, priority and CPU')
      .addHelpText('after', HELP),
  run: async ({ measure, status, startedAt }, options) => {
    const { hdr } = options;
    if (hdr !== undefined) checkWritable(hdr.file, '--hdr: ');
    if (options.cyclictest) status(`timer: cyclictest runs for ${formatNs(Number(options.duration))}`);
    const { result, warnings, lateness } = await measure('timer', {
      periodNs: options.period,
      durationNs: options.duration,
      policy: options.policy,
      backend: options.backend,
      stopEveryNs: options.stopEvery,
      stopForNs: options.stopFor,
      quiet: { cpu: options.cpu ?? null, priority: options.priority },
      cyclictest: options.cyclictest ?? false,
      barNs: options.histogram ?? null,
    });
    const save = async () => {
      if (hdr === undefined) return;
      const span = { startedAt, durationNs: result.durationNs };
      const text = await hdrText(hdr.form, lateness, result.latenessNs?.max ?? 0, span);
      await writeWhole(hdr.file, text, '--hdr: ');
    };
    return { result, warnings, text: timerText(result), save };
  },
});
