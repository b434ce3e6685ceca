import type { ClockFacts, ClockName } from '../../host/clocks.ts';
import type { DriftPair } from '../../schema/drift.ts';
import type { ComparedClock } from './pair.ts';

type Independence = Pick<DriftPair, 'independent' | 'independentReason'>;

/**
 * Whether two clocks can disagree for another reason than arithmetic: one of them must have an oscillator of its own,
 * or be steered to one.
 */
export function independenceOf(
  facts: readonly ClockFacts[],
  clock: ComparedClock,
  reference: ClockName,
): Independence {
  const both = [clock, reference]
    .filter((name) => name !== 'tsc')
    .map((name) => facts.find((f) => f.name === name));
  const own = both.find((fact) => fact?.independent === true);
  if (own !== undefined) return { independent: true, independentReason: `${own.name}: ${own.reason}` };
  const unknown = both.find((fact) => fact === undefined || fact.independent === null);
  if (unknown !== undefined) return { independent: null, independentReason: unknown.reason ?? 'not known' };
  return { independent: false, independentReason: `one counter behind both: ${both[0]?.reason ?? ''}` };
}
