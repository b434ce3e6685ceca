import { exact } from '../digits.ts';
import { TRACE_MODES } from '../kvm/guest-trace.ts';
import { LONGEST_STALL_CALLBACKS, LONGEST_STALL_NS, USUAL_STALL_NS } from '../kvm/stall.ts';
import { LEAST_STALLS } from '../kvm/stall-finding.ts';
import { DIVIDES } from '../kvm/timer-setup.ts';
import { kvm } from '../report/kinds/kvm.ts';
import { resultText } from '../report/text.ts';
import { kvmBounds } from '../tasks/kvm/plan.ts';
import { durationIn } from '../units.ts';
import { defineCommand } from './command.ts';
import { choice, integer } from './options.ts';

const HELP = `
Runs a guest of a few bytes on KVM's in-kernel local APIC, whose periodic timer interrupts it; stops it in several
ways; resumes it in the middle of a period; and records every interrupt. Next to them stands what the model predicts.
It also delays the timer itself: many timers due at one instant keep the CPU's timer interrupt busy until a guest's
timer is two to three periods late. The grid of its interrupts afterwards tells whether the kernel has the fix, on every host.

Verdicts:
  clamps         a target in the past becomes "now": the fixed kernel
  catches-up     every missed period is worked through with interrupts off: CVE-2025-71104 (exit code 1)
  keeps-running  of a stop: the software timer kept running meanwhile, so nothing was overdue (always on AMD)
  inconclusive   this run cannot tell; the sentence says why

Safety: on a kernel that catches up, a stop costs its length divided by the period, times 79 ns, with interrupts off. Up
to 20 ms are allowed without asking; more need --yes-really; a stop that could reach the watchdog is refused. A forced delay
usually lasts ${exact(USUAL_STALL_NS)}, and ${exact(LONGEST_STALL_NS)} at most; it costs a kernel that catches up ${LONGEST_STALL_CALLBACKS} callbacks at most.

Examples:
  tscope kvm                              a stop of 1 s at 1 ms; half a minute in all
  tscope kvm --period 200us --stop 10s
  tscope kvm --json --out kvm.json`;

export const command = defineCommand({
  name: 'kvm',
  summary: 'runs a real guest: does this kernel catch up, clamp, or keep its timer running over a stop?',
  needsHost: true,
  configure: (command) =>
    command
      .option('--period <time>', "the guest's timer period", durationIn(kvmBounds.periodNs), 1_000_000n)
      .option(
        '--stop <time>',
        'how long the guest is stopped, each time',
        durationIn(kvmBounds.stopNs),
        1_000_000_000n,
      )
      .option('--divide <n>', `the timer's divide count, of ${DIVIDES.join(', ')}`, integer(1, 128), 1)
      .option('--ticks <n>', 'interrupts of the running guest', integer(100, 20_000), 500)
      .option(
        '--stalls <n>',
        `forced delays of a guest's timer; a verdict needs ${LEAST_STALLS}, 0 for none`,
        integer(0, 100),
        8,
      )
      .option(
        '--trace <mode>',
        "the kernel's own trace beside: auto, on or off; root only",
        choice(TRACE_MODES),
        'auto' as const,
      )
      .option('--yes-really', 'allow a stop whose catch-up burst could take longer than 20 ms')
      .addHelpText('after', HELP),
  run: async ({ measure }, { period, stop, divide, ticks, stalls, trace, yesReally = false }) => {
    const options = {
      periodNs: Number(period),
      stopNs: Number(stop),
      divide,
      ticks,
      stalls,
      trace,
      yesReally,
    };
    const { result, warnings } = await measure('kvm', options);
    return {
      result,
      warnings,
      text: resultText(kvm, result),
      exitCode: result.verdict === 'catches-up' ? 1 : 0,
    };
  },
});
