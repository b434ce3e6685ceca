import { replayText } from '../report/kinds/replay.ts';
import { defineCommand } from './command.ts';

const HELP = `
FILE is one scenario or an array of them, as JSON or packed with gzip (\`-\` reads standard input):

  {"name": "one tick",
   "config": {"policy": "clamp", "guestTscKhz": 2600000},
   "steps": [{"ktime": "0",         "tsc": "0",         "do": "lvtt",  "value": 131308},
             {"ktime": "0",         "tsc": "0",         "do": "tdcr",  "value": 11},
             {"ktime": "0",         "tsc": "0",         "do": "tmict", "value": 1000000},
             {"ktime": "1000000",   "tsc": "2600000",   "do": "hv-expire"}]}

do: lvtt, tmict, tdcr (value: the register's), tscdeadline (value: a decimal string), tmcct, hv-expire, hrtimer-expire,
block, unblock, inject, save-restore. Both clocks stand still within a step.
config also takes l1TscOffset, l1TscScalingRatio, preemptionTimerShift, timerAdvanceNs, minTimerPeriodUs, busCycleNs,
hvTimer and tscDeadlineTimer. freeze and gate act on leaving the guest, which no step does: here they are clamp.
With "expect", a state for each step, every difference is reported and the exit code is 1.`;

export const command = defineCommand({
  name: 'replay',
  summary: "steps the model of KVM's LAPIC timer through a script, which sets both clocks",
  needsHost: false,
  configure: (command) =>
    command.argument('<file>', 'scenarios, JSON or JSON.gz; - for standard input').addHelpText('after', HELP),
  run: async ({ measure }, _options, [path]) => {
    const { result, warnings } = await measure('replay', { path });
    return { result, warnings, text: replayText(result), exitCode: result.differences.length > 0 ? 1 : 0 };
  },
});
