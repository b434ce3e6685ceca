import type { DriftResult } from '../../../schema/drift.ts';
import { formatCount, formatNs } from '../../../units.ts';
import { eventLines, rateText } from '../drift.ts';

/** The events by kind, and a line for each pair. */
export function driftBrief({ pairs, durationNs, intervalNs }: DriftResult): string[] {
  const kinds = eventLines(pairs).map(({ kind }) => kind);
  const counts = [...new Set(kinds)].map((kind) => `${kinds.filter((one) => one === kind).length} x ${kind}`);
  const same = pairs.length > 0 && pairs.every(({ independent }) => independent === false);
  return [
    `over ${formatNs(durationNs)}, each ${formatNs(intervalNs)}; events: ${counts.join(', ') || 'none'}${same ? '; one counter behind all clocks' : ''}`,
    ...pairs.map((pair) => {
      const end = pair.atEndNs === null ? '' : `, ${formatNs(pair.atEndNs)} at the end`;
      return `${pair.clock} - ${pair.reference}: ${rateText(pair)} (1 s.e.)${end}, n = ${formatCount(pair.samples)}`;
    }),
  ];
}
