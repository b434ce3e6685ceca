import { appendEvents } from '../../store/events.ts';
import { endRun, type NewRun, startRun } from '../../store/runs.ts';
import { addSeries, appendSamples, type Sample } from '../../store/series.ts';
import type { Store } from '../../store/store.ts';
import type { AgentEvent, PairIdentity, SampleMessage } from '../sampling/messages.ts';

/** A run as the sampling thread began it; it is written when the store can be written. */
export interface RunRecord {
  readonly run: NewRun;
  readonly pairs: readonly PairIdentity[];
  readonly origins: ReadonlyMap<string, bigint>;
  /** Where it is in the store; null until it is there. */
  place: { readonly id: number; readonly series: ReadonlyMap<string, number> } | null;
}

/** Something to store. */
export type Entry =
  | { readonly kind: 'sample'; readonly run: RunRecord; readonly sample: SampleMessage }
  | { readonly kind: 'events'; readonly run: RunRecord; readonly events: readonly AgentEvent[] }
  | { readonly kind: 'end'; readonly run: RunRecord; readonly atNs: bigint };

const nsOf = (ms: number): bigint => BigInt(Math.round(ms * 1e6));

/** The run's place in the store; it is made at the first call. */
function placeOf(store: Store, record: RunRecord): NonNullable<RunRecord['place']> {
  if (record.place !== null) return record.place;
  const { id } = startRun(store, record.run);
  const series = record.pairs.map(({ clock, reference, independent, independentReason }) => {
    const originNs = record.origins.get(clock) ?? 0n;
    const added = addSeries(store, id, {
      clock,
      reference,
      independent,
      reason: independentReason,
      originNs,
    });
    return [clock, added] as const;
  });
  record.place = { id, series: new Map(series) };
  return record.place;
}

function samplesOf(store: Store, entry: Extract<Entry, { kind: 'sample' }>): [number, Sample][] {
  const { series } = placeOf(store, entry.run);
  const atNs = nsOf(entry.sample.atMs);
  return entry.sample.pairs.flatMap(({ clock, ns, boundNs }) => {
    const id = series.get(clock);
    if (id === undefined || ns === null || boundNs === null) return [];
    return [[id, { atNs, offsetNs: ns, windowNs: 2 * boundNs }] as [number, Sample]];
  });
}

/**
 * Stores entries, all or none of those that are samples.
 *
 * @param entries all of one kind.
 * @throws TscopeError as the store.
 */
export function writeEntries(store: Store, entries: readonly Entry[]): void {
  const samples = entries.flatMap((entry) => (entry.kind === 'sample' ? samplesOf(store, entry) : []));
  if (samples.length > 0) appendSamples(store, samples);
  for (const entry of entries) {
    const place = placeOf(store, entry.run);
    if (entry.kind === 'end') endRun(store, place.id, entry.atNs);
    if (entry.kind !== 'events') continue;
    const stored = entry.events.map(({ at, kind, detail, clock }) => ({
      series: clock === null ? null : (place.series.get(clock) ?? null),
      atNs: nsOf(Date.parse(at)),
      kind,
      detail,
    }));
    appendEvents(store, place.id, stored);
  }
}
