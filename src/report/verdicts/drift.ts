import type { DriftResult } from '../../schema/drift.ts';
import { formatNs } from '../../units.ts';
import { rateText } from '../text/drift.ts';
import type { Verdict } from './verdict.ts';

/** Whether the clocks ran together. */
export function driftVerdict({ pairs, reference, durationNs }: DriftResult): Verdict {
  const about = 'Drift';
  const known = pairs.filter((pair) => pair.rateRatio !== null);
  const fastest = [...known].sort((a, b) => Math.abs(b.rateRatio ?? 0) - Math.abs(a.rateRatio ?? 0))[0];
  if (fastest === undefined) return { level: 'unknown', about, text: 'Too few samples for a rate.' };
  const events = new Set(pairs.flatMap((pair) => pair.events.map(({ at, kind }) => `${at} ${kind}`))).size;
  const rate = `Over ${formatNs(durationNs)} against ${reference}, ${fastest.clock} ran off the most: ${rateText(fastest)}`;
  const happened =
    events === 0
      ? 'nothing happened to the clocks'
      : `${events === 1 ? '1 event' : `${events} events`} happened`;
  const same = pairs.every((pair) => pair.independent === false)
    ? ' All of them are made from one counter, so that they agree says nothing about its crystal.'
    : '';
  return { level: events === 0 ? 'good' : 'note', about, text: `${rate}; ${happened}.${same}` };
}
