import type { Control } from '../../clock/control.ts';
import { replay } from '../../lapic/replay.ts';
import { type Difference, type ReplayResult, timerStateSchema } from '../../schema/replay.ts';
import { textName } from '../../text-file.ts';
import type { Finding } from '../../warning.ts';
import { type ParsedScenario, parseScenarios } from './parse-scenarios.ts';
import { readJsonFile } from './scenario-file.ts';

const stateFields = timerStateSchema.keyof().options;

/** What is expected, in the notation of what it is compared with, where it is written in hexadecimal. */
const inNotationOf = (actual: Difference['actual'], expected: Difference['expected']) => {
  if (typeof expected !== 'string' || !/^0x[\da-f]+$/i.test(expected)) return expected;
  return typeof actual === 'number' ? Number(expected) : BigInt(expected).toString();
};

type Replayed = ReplayResult['scenarios'][number];

/** Where `replayed` is not what its scenario expects; a field that nobody expects anything of is not compared. */
function differences(scenario: ParsedScenario, index: number, replayed: Replayed): Difference[] {
  const found: Difference[] = [];
  const compare = (
    step: number | null,
    field: string,
    expected: Difference['expected'],
    actual: Difference['actual'],
  ) => {
    if (inNotationOf(actual, expected) === actual) return;
    found.push({ scenario: index, name: scenario.name, step, field, expected, actual });
  };
  const { scale, states } = replayed;
  if (scenario.scale.mult !== undefined) compare(null, 'scale.mult', scenario.scale.mult, scale.mult);
  if (scenario.scale.shift !== undefined) compare(null, 'scale.shift', scenario.scale.shift, scale.shift);
  if (scenario.expect === null) return found;
  compare(null, 'states', scenario.expect.length, states.length);
  scenario.expect.slice(0, states.length).forEach((expected, step) => {
    for (const field of stateFields) {
      const wanted = expected[field];
      if (wanted !== undefined) compare(step, field, wanted, states[step]?.[field] ?? null);
    }
  });
  return found;
}

/**
 * Replays scenarios one after the other and compares them with what they expect.
 *
 * @returns those that were replayed before it was cancelled: all of them, as a rule.
 */
function replayScenarios(scenarios: readonly ParsedScenario[], control: Control): ReplayResult {
  const result: ReplayResult = { scenarios: [], compared: 0, differences: [] };
  for (const [index, scenario] of scenarios.entries()) {
    if (control.cancelled()) break;
    const { timer, states } = replay(scenario);
    const { mult, shift } = timer.scale;
    const replayed = { name: scenario.name, scale: { mult, shift }, states };
    result.scenarios.push(replayed);
    result.compared += Math.min(scenario.expect?.length ?? 0, states.length);
    for (const difference of differences(scenario, index, replayed)) result.differences.push(difference);
    control.progress(index + 1, scenarios.length);
  }
  return result;
}

/** What to replay. */
interface ReplayOptions {
  /** A file, or `-` for standard input. */
  readonly path: string;
}

/**
 * The task behind `tscope replay`.
 *
 * @throws TscopeError USAGE for bad input, IO where the file cannot be read.
 */
export async function replayTask({ path }: ReplayOptions, control: Control): Promise<Finding<ReplayResult>> {
  const scenarios = parseScenarios(await readJsonFile(path, control.cancelled), textName(path));
  return { result: replayScenarios(scenarios, control), warnings: [] };
}
