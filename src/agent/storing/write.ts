import { appendEvents } from '../../store/events.ts';
import { endRun, startedRun, startRun } from '../../store/runs.ts';
import { appendSamples, type Sample, samplesOf } from '../../store/samples.ts';
import { addSeries, countSeries } from '../../store/series.ts';
import type { Store } from '../../store/store.ts';
import { putCalibration } from '../../store/unshipped.ts';
import type { AgentEvent } from '../sampling/messages.ts';
import { failureOf } from './failure.ts';
import { type Entry, nsOf, type RunRecord, type Written } from './messages.ts';

/** Where a run is in the store. */
interface Place {
  readonly id: number;
  readonly series: ReadonlyMap<string, number>;
}

type SampleEntry = Extract<Entry, { kind: 'sample' }>;
type Row = readonly [series: number, sample: Sample];

/** These are about single rows, or about nothing that is known: a second look may help. Others are the whole store's. */
const ABOUT_ROWS: readonly string[] = ['STORE_ROW_GONE', 'STORE_REPEATED', 'STORE_FAILED', 'DEFECT'];

const isAboutRows = (error: unknown): boolean => ABOUT_ROWS.includes(failureOf(error).code);

/** Whether the rows of a run and of its series are all there: somebody may have deleted them. */
const isThere = (store: Store, { id, series }: Place): boolean =>
  countSeries(store, id) >= Math.max(1, series.size);

/**
 * Writes entries so that a repeat changes nothing: a run is known by its host and its start, a sample by its series and
 * its time. What somebody deleted meanwhile is made again.
 */
export class Writer {
  readonly #store: Store;
  readonly #places = new Map<number, Place>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Writes the entries in order until one cannot be written. Never throws. */
  write(entries: readonly Entry[]): Omit<Written, 'usedBytes'> {
    const sum = { done: 0, stored: 0, rejected: 0, refused: 0, mended: null as string | null };
    try {
      sum.mended = this.#forgetDeleted();
    } catch (error) {
      return { ...sum, failure: failureOf(error) };
    }
    while (sum.done < entries.length) {
      const { kind } = entries[sum.done] as Entry;
      const rest = entries.slice(sum.done);
      const end = rest.findIndex((entry) => entry.kind !== kind);
      const group = end < 0 ? rest : rest.slice(0, end);
      try {
        const { refused, mended } = this.#writeGroup(group);
        if (kind === 'sample') {
          const empty = group.filter((entry) => isEmpty(entry as SampleEntry)).length;
          sum.rejected += empty;
          sum.refused += refused;
          sum.stored += group.length - empty - refused;
        }
        sum.mended ??= mended;
        sum.done += group.length;
      } catch (error) {
        return { ...sum, failure: failureOf(error) };
      }
    }
    return { ...sum, failure: null };
  }

  /** @returns what was found missing, in words, or null. */
  #forgetDeleted(): string | null {
    let gone = 0;
    for (const [number, place] of this.#places) {
      if (isThere(this.#store, place)) continue;
      this.#places.delete(number);
      gone += 1;
    }
    return gone === 0 ? null : 'the rows of the present run were deleted; they are made again';
  }

  /** @returns how many the store refused, and what went wrong at first. @throws what keeps all of them out. */
  #writeGroup(group: readonly Entry[]): { refused: number; mended: string | null } {
    try {
      this.#put(group, false);
      return { refused: 0, mended: null };
    } catch (error) {
      if (!isAboutRows(error)) throw error;
      // Rows that ours rest on may be gone, or ours may be there already: both are looked up.
      this.#places.clear();
      return { refused: this.#putAgain(group), mended: failureOf(error).message };
    }
  }

  #putAgain(group: readonly Entry[]): number {
    try {
      this.#put(group, true);
      return 0;
    } catch (error) {
      if (!isAboutRows(error) || group.length === 1) throw error;
      return this.#putOneByOne(group, error);
    }
  }

  /** One entry that cannot be stored must not keep the others out; a store that takes none of them is at fault itself. */
  #putOneByOne(group: readonly Entry[], cause: unknown): number {
    let refused = 0;
    for (const entry of group) {
      try {
        this.#put([entry], true);
      } catch (error) {
        if (!isAboutRows(error)) throw error;
        refused += 1;
      }
    }
    if (refused === group.length) throw cause;
    return refused;
  }

  /** All of them, or none where they are samples. @param again leaves out the samples that are there already. */
  #put(group: readonly Entry[], again: boolean): void {
    const rows = group.flatMap((entry) => (entry.kind === 'sample' ? this.#rows(entry) : []));
    const fresh = again ? rows.filter((row) => !this.#holds(row)) : rows;
    if (fresh.length > 0) appendSamples(this.#store, fresh);
    for (const entry of group) {
      if (entry.kind === 'sample') continue;
      const place = this.#placeOf(entry.run);
      if (entry.kind === 'events') this.#putEvents(place, entry.events);
      else if (entry.kind === 'calibration')
        putCalibration(this.#store, place.id, nsOf(entry.atMs), entry.result);
      else {
        endRun(this.#store, place.id, nsOf(entry.atMs));
        this.#places.delete(entry.run.number);
      }
    }
  }

  #rows(entry: SampleEntry): Row[] {
    if (isEmpty(entry)) return [];
    const { series } = this.#placeOf(entry.run);
    const atNs = nsOf(entry.atMs);
    return entry.pairs.flatMap(({ clock, ns, boundNs }): Row[] => {
      const id = series.get(clock);
      if (id === undefined || ns === null || boundNs === null) return [];
      return [[id, { atNs, offsetNs: ns, windowNs: 2 * boundNs }]];
    });
  }

  #holds([series, { atNs }]: Row): boolean {
    return samplesOf(this.#store, series, atNs, 1)[0]?.atNs === atNs;
  }

  #putEvents({ id, series }: Place, events: readonly AgentEvent[]): void {
    const stored = events.map(({ at, kind, detail, clock }) => ({
      series: clock === null ? null : (series.get(clock) ?? null),
      atNs: nsOf(Date.parse(at)),
      kind,
      detail,
    }));
    appendEvents(this.#store, id, stored);
  }

  /** The run's place; it is made where there is none. */
  #placeOf({ number, run, pairs, origins }: RunRecord): Place {
    const known = this.#places.get(number);
    if (known !== undefined) return known;
    const id = startedRun(this.#store, run) ?? startRun(this.#store, run).id;
    const series = pairs.map(({ clock, reference, independent, independentReason: reason }) => {
      const originNs = origins.find((origin) => origin.clock === clock)?.ns ?? 0n;
      const made = addSeries(this.#store, id, { clock, reference, independent, reason, originNs });
      return [clock, made] as const;
    });
    const place = { id, series: new Map<string, number>(series) };
    this.#places.set(number, place);
    return place;
  }
}

const isEmpty = ({ pairs }: SampleEntry): boolean =>
  pairs.every(({ ns, boundNs }) => ns === null || boundNs === null);
