import type { Control } from '../clock/control.ts';
import { TscopeError } from '../errors.ts';
import { HOUR_NS, MINUTE_NS } from './buckets.ts';
import { anyText, asBigint } from './cells.ts';
import { soundRows } from './damage.ts';
import { EVENT, eventOf } from './events.ts';
import { structuralDamage } from './inspect.ts';
import { readRollups } from './rollups.ts';
import { readHosts, readRuns, soundDocument } from './runs.ts';
import { readSamples } from './samples.ts';
import { readSeries } from './series.ts';
import type { Store } from './store-on.ts';

/** What a check has read. */
export interface Checked {
  readonly runs: number;
  readonly samples: number;
  readonly rollups: number;
  readonly events: number;
  readonly documents: number;
}

/** Notes rows that belong to nothing: what they belonged to is gone. */
export function checkReferences(store: Store): void {
  for (const [table] of soundRows(store, 'some references', 'SELECT "table" FROM pragma_foreign_key_check')) {
    store.damage.add({ what: `a row of ${anyText(table)} belongs to nothing that is in the store` });
  }
}

/**
 * Reads everything that a store holds against its checksums. What is damaged is in the store's `damage` afterwards.
 *
 * @returns how much is sound. @throws TscopeError INTERRUPTED; as the store.
 */
export function checkStore(store: Store, control: Control): Checked {
  const structure = structuralDamage(store.connection, true);
  if (structure !== null) store.damage.add({ what: `the file itself (${structure})` });
  readHosts(store);
  const series = readSeries(store);
  const runs = readRuns(store);
  const found = { runs: runs.length, samples: 0, rollups: 0, events: 0 };
  const documents = runs.filter(({ id }) => soundDocument(store, id) !== null).length;
  checkReferences(store);
  const events = `SELECT ${EVENT.columns}, checksum, run FROM event`;
  for (const row of soundRows(store, 'some events', events)) {
    if (eventOf(store, asBigint(row[5]), row) !== null) found.events += 1;
  }
  for (const [i, { id }] of series.entries()) {
    for (const rows of readSamples(store, id)) {
      if (control.cancelled())
        throw new TscopeError('INTERRUPTED', 'interrupted before all of the store was checked.');
      found.samples += rows.sinceNs.length;
    }
    for (const width of [MINUTE_NS, HOUR_NS]) {
      for (const _ of readRollups(store, id, width)) found.rollups += 1;
    }
    control.progress(i + 1, series.length);
  }
  return { ...found, documents };
}
