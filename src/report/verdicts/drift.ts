import type { DriftResult, EventKind } from '../../schema/drift.ts';
import { formatNs } from '../../units.ts';
import { eventLines, rateText } from '../text/drift.ts';
import type { Verdict } from './verdict.ts';

/** Events that say something about the measurement and nothing about the clocks. */
const HARMLESS: readonly EventKind[] = ['cpu-migration', 'steal'];

/** Whether the clocks ran together. */
export function driftVerdict({ pairs, reference, durationNs }: DriftResult): Verdict {
  const about = 'Drift';
  const known = pairs.filter((pair) => pair.rateRatio !== null);
  const [fastest] = [...known].sort((a, b) => Math.abs(b.rateRatio ?? 0) - Math.abs(a.rateRatio ?? 0));
  if (fastest === undefined) return { level: 'unknown', about, text: 'Too few samples for a rate.' };
  const rate = `Over ${formatNs(durationNs)} ${fastest.clock} ran off the most against ${reference}: ${rateText(fastest)}`;
  const kinds = eventLines(pairs).map(({ kind }) => kind);
  const counts = [...new Set(kinds)].map(
    (kind) => `${kinds.filter((other) => other === kind).length} x ${kind}`,
  );
  const happened = counts.length === 0 ? 'no event' : `events: ${counts.join(', ')}`;
  const quiet = kinds.every((kind) => HARMLESS.includes(kind));
  const same = pairs.every((pair) => pair.independent === false)
    ? ' All of them are made from one counter, so that they agree says nothing about its crystal.'
    : '';
  return { level: quiet ? 'good' : 'note', about, text: `${rate}; ${happened}.${same}` };
}
