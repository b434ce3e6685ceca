import { difference, group, intersection } from 'd3-array';
import type { CompareResult } from '../../schema/compare.ts';
import type { ReportInput } from '../input.ts';
import { type Parts, partNames } from '../parts.ts';
import { differingFacts, factsOf } from './facts.ts';
import { type ComparedFigure, FALSE_ALARM_RATIO, judge } from './judge.ts';
import { type Quantity, quantitiesOf, wholeRows } from './quantities.ts';

/** A document, and what to call it. */
export interface Named {
  readonly name: string;
  readonly input: ReportInput;
}

/** The runs of one side: one at least. */
export type Runs = readonly [Named, ...Named[]];

const partsOf = (runs: Runs): Set<string> => new Set(runs.flatMap(({ input }) => partNames(input.parts)));

const side = ({ name, input }: Named): CompareResult['a'] => ({
  name,
  hostname: input.host.hostname,
  startedAt: input.startedAt,
  version: input.tool.version,
});

/** The rows of stops that every run with stops measured to the end. */
function commonRows(all: readonly Parts[]): Set<string> {
  const [first = [], ...others] = all.filter(({ stop }) => stop).map(wholeRows);
  return intersection(first, ...others);
}

/**
 * Sets two sides side by side: facts that differ, and every figure that both have. Pure.
 *
 * @param history earlier runs of the same host, from which the spread between runs is learned.
 */
export function compareRuns(a: Runs, b: Runs, history: readonly ReportInput[] = []): CompareResult {
  const common = commonRows([...a, ...b].map(({ input }) => input.parts));
  const figures = (inputs: readonly ReportInput[]): Map<string, Quantity[]> =>
    group(
      inputs.flatMap(({ parts }) => quantitiesOf(parts, common)),
      ({ part, name }) => `${part} ${name}`,
    );
  const ofB = figures(b.map(({ input }) => input));
  const earlier = figures(history);
  const samples = [...figures(a.map(({ input }) => input))].flatMap(([name, own]): ComparedFigure[] => {
    const other = ofB.get(name);
    return other === undefined ? [] : [{ a: own, b: other, history: earlier.get(name) ?? [] }];
  });
  const noisy = samples.filter((sample) => sample.a.some(({ typical }) => typical !== null)).length;
  const [inA, inB] = [partsOf(a), partsOf(b)];
  return {
    a: side(a[0]),
    b: side(b[0]),
    runs: { a: a.map(side), b: b.map(side), history: history.length },
    falseAlarmRatio: FALSE_ALARM_RATIO,
    facts: differingFacts(factsOf(a[0].input), factsOf(b[0].input)),
    quantities: samples.map((sample) => judge(sample, Math.max(1, noisy))),
    onlyIn: {
      a: [...difference(inA, inB)],
      b: [...difference(inB, inA)],
    },
  };
}
