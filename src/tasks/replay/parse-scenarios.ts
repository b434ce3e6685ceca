import type { z } from 'zod';
import { usageError } from '../../errors.ts';
import type { Scenario, Step } from '../../lapic/replay.ts';
import { firstIssue } from '../../schema/issues.ts';
import { type ExpectedState, expectedStateSchema, scenarioSchema, stepSchema } from './scenario-schema.ts';

/** The most scenarios, and the most steps of all of them together, that one replay holds. */
const MAX_SCENARIOS = 10_000;
export const MAX_STEPS = 100_000;

/** A scenario, and what its author expects of it. */
export interface ParsedScenario extends Scenario {
  readonly name: string;
  readonly scale: { readonly mult?: number | undefined; readonly shift?: number | undefined };
  readonly expect: readonly ExpectedState[] | null;
}

type Path = readonly PropertyKey[];

/** Parses `input`, or refuses it by its first fault. */
function check<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  path: Path,
  file: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw usageError(`${file}: ${firstIssue(parsed.error, input, ['scenarios', ...path])}.`);
}

/** Parses entry by entry, so that the first fault ends it: a million of them would fill the memory. */
const checkEach = <Schema extends z.ZodType>(
  schema: Schema,
  inputs: readonly unknown[],
  path: Path,
  file: string,
): z.output<Schema>[] => inputs.map((input, i) => check(schema, input, [...path, i], file));

function parseScenario(input: unknown, index: number, file: string): ParsedScenario {
  const { name, config, steps, scale, expect } = check(scenarioSchema, input, [index], file);
  const { policy, ...lapicConfig } = config;
  const parsedSteps: readonly Step[] = checkEach(stepSchema, steps, [index, 'steps'], file);
  return {
    name,
    policy,
    config: lapicConfig,
    steps: parsedSteps,
    scale: scale ?? {},
    expect: expect === undefined ? null : checkEach(expectedStateSchema, expect, [index, 'expect'], file),
  };
}

/** Entries of `field` over all scenarios, before anything is known about their form. */
const total = (scenarios: readonly unknown[], field: 'steps' | 'expect'): number =>
  scenarios.reduce<number>((sum, scenario) => {
    const list: unknown =
      typeof scenario === 'object' && scenario !== null ? Reflect.get(scenario, field) : null;
    return sum + (Array.isArray(list) ? list.length : 0);
  }, 0);

/**
 * Scenarios from a parsed JSON document: one of them, or an array.
 *
 * @param file its name, for messages.
 * @throws TscopeError USAGE: one sentence with the path to the first fault, such as `scenarios[3].steps[17].tsc`.
 */
export function parseScenarios(document: unknown, file: string): ParsedScenario[] {
  const scenarios: readonly unknown[] = Array.isArray(document) ? document : [document];
  if (scenarios.length === 0)
    throw usageError(`${file}: the array of scenarios is empty; give at least one.`);
  if (scenarios.length > MAX_SCENARIOS) {
    throw usageError(
      `${file}: ${scenarios.length} scenarios are more than the ${MAX_SCENARIOS} of one replay.`,
    );
  }
  for (const field of ['steps', 'expect'] as const) {
    const count = total(scenarios, field);
    if (count <= MAX_STEPS) continue;
    const where = scenarios.length === 1 ? `scenarios[0].${field}` : `${field} of all scenarios`;
    throw usageError(`${file}: ${where}: ${count} entries are more than the ${MAX_STEPS} of one replay.`);
  }
  return scenarios.map((scenario, i) => parseScenario(scenario, i, file));
}
