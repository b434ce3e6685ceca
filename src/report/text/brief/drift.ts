import type { DriftResult } from '../../../schema/drift.ts';
import { formatCount, formatNs } from '../../../units.ts';
import { eventLines, rateText } from '../drift.ts';

/** A line for each pair, and the events by kind. */
export function driftBrief({ pairs, durationNs, intervalNs }: DriftResult): string[] {
  const kinds = eventLines(pairs).map(({ kind }) => kind);
  const counts = [...new Set(kinds)].map((kind) => `${kinds.filter((one) => one === kind).length} x ${kind}`);
  return [
    ...pairs.map((pair) => {
      const same = pair.independent === false ? ', made from one counter' : '';
      const end = pair.atEndNs === null ? '' : `, ${formatNs(pair.atEndNs)} at the end`;
      return `${pair.clock} - ${pair.reference}: ${rateText(pair)} (1 s.e.)${end}, n = ${formatCount(pair.samples)}${same}`;
    }),
    `over ${formatNs(durationNs)}, each ${formatNs(intervalNs)}; events: ${counts.join(', ') || 'none'}`,
  ];
}
