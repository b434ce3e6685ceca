import type { CompareResult } from '../../schema/compare.ts';
import type { ReportInput } from '../input.ts';
import type { Parts } from '../parts.ts';
import { differingFacts, factsOf } from './facts.ts';
import { quantitiesOf } from './quantities.ts';
import { compareQuantities } from './quantity.ts';

/** A document, and what to call it. */
export interface Named {
  readonly name: string;
  readonly input: ReportInput;
}

const partsOf = (parts: Parts): string[] =>
  Object.entries(parts)
    .filter(([, part]) => part !== null && part !== undefined)
    .map(([name]) => name);

const side = ({ name, input }: Named): CompareResult['a'] => ({
  name,
  hostname: input.host.hostname,
  startedAt: input.startedAt,
  version: input.tool.version,
});

/** Sets two documents side by side: facts that differ, and every figure that both have. Pure. */
export function compareDocuments(a: Named, b: Named): CompareResult {
  const others = new Map(quantitiesOf(b.input.parts).map((one) => [`${one.part} ${one.name}`, one]));
  const quantities = quantitiesOf(a.input.parts).flatMap((one) => {
    const other = others.get(`${one.part} ${one.name}`);
    return other === undefined ? [] : [compareQuantities(one, other)];
  });
  const [inA, inB] = [partsOf(a.input.parts), partsOf(b.input.parts)];
  return {
    a: side(a),
    b: side(b),
    facts: differingFacts(factsOf(a.input), factsOf(b.input)),
    quantities,
    onlyIn: {
      a: inA.filter((part) => !inB.includes(part)),
      b: inB.filter((part) => !inA.includes(part)),
    },
  };
}
