import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { TscopeError } from '../../src/errors.ts';
import { checkStore } from '../../src/store/check.ts';
import { damageText } from '../../src/store/damage.ts';
import { appendEvents, eventsOf } from '../../src/store/events.ts';
import { exportStore } from '../../src/store/export.ts';
import { importInto } from '../../src/store/import.ts';
import { queryRange } from '../../src/store/range.ts';
import { rollUp } from '../../src/store/roll-up.ts';
import { documentOfRun, endRun, findRun, listRuns, startRun } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { openStore, openStoreToRead, type Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

/** TSCOPE_CORRUPTIONS=600 for the full number. */
const TRIES = Number(process.env['TSCOPE_CORRUPTIONS'] ?? 80);
const folder = temporaryFolder();
const good = join(folder, 'good.db');

/** Two runs with everything that a store can hold; 40 pages. */
function fill(): void {
  const { store, run, series } = storeWithSeries(good);
  appendSamples(store, batchOf(series, ramp(3500, SECOND)));
  appendSamples(store, batchOf(series, ramp(40, SECOND, T0 + 3600n * SECOND)));
  appendEvents(
    store,
    run,
    Array.from({ length: 60 }, (_, i) => ({
      series: i % 2 === 0 ? series : null,
      atNs: T0 + BigInt(i) * SECOND,
      kind: 'step',
      detail: `stepped by ${i} ms`,
    })),
  );
  endRun(
    store,
    run,
    T0 + 3700n * SECOND,
    JSON.stringify({ schema: 'tscope/drift/1', text: 'x'.repeat(9000) }),
  );
  rollUp(store);
  const other = { key: 'machine-2', name: 'two', facts: null };
  const second = startRun(store, { host: other, command: 'agent', startedAtNs: T0 + 9n, options: '{"a":1}' });
  appendSamples(store, batchOf(addTsc(store, second.id), ramp(700, SECOND)));
  store.close();
}
fill();

/** Everything that reading gives, piece by piece. */
function readAll(store: Store): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const run of listRuns(store)) {
    found.set(`run ${run.key}`, { ...run, samples: undefined, events: undefined, series: undefined });
    found.set(`found ${run.key}`, findRun(store, run.key)?.startedAtNs);
    try {
      found.set(`document ${run.key}`, documentOfRun(store, run.id));
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
    }
    for (const event of eventsOf(store, run.id, 0n, 2n ** 62n))
      found.set(`event ${run.key} ${event.atNs}`, event);
  }
  for (const id of [1, 2]) {
    for (const sample of samplesOf(store, id, 0n, 1e6)) found.set(`sample ${id} ${sample.atNs}`, sample);
  }
  return found;
}

const truth = readAll(openStoreToRead(good));
const minutes = (store: Store) => queryRange(store, 1, T0, T0 + 7200n * SECOND, 60n * SECOND);
const trueMinutes = new Map(minutes(openStoreToRead(good)).map((point) => [point.atNs, point]));

/** Repeatable whole numbers below `most`. */
function random(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

/** What happened to one damaged file: nothing that matters, a refusal in one sentence, or a part named as damaged. */
function outcomeOf(path: string): 'harmless' | 'refused' | 'named' {
  let store: Store;
  try {
    store = openStoreToRead(path);
  } catch (error) {
    expect(error).toBeInstanceOf(TscopeError);
    return 'refused';
  }
  try {
    const found = readAll(store);
    for (const [key, value] of found) {
      // Where samples are named as lost, the last one may be among them.
      const known = truth.get(key) as object;
      const allowed = store.damage.count > 0 && key.startsWith('run ') ? { lastSampleAtNs: null } : {};
      if (!isDeepStrictEqual(value, known)) expect(value, key).toEqual({ ...known, ...allowed });
    }
    for (const point of minutes(store)) {
      // Roll-ups do not know of samples that are lost, nor the samples of roll-ups: either is right by itself.
      if (store.damage.count === 0) expect(point).toEqual(trueMinutes.get(point.atNs));
    }
    if (store.damage.count === 0) expect(found.size).toBe(truth.size);
    return store.damage.count === 0 ? 'harmless' : 'named';
  } catch (error) {
    if (!(error instanceof TscopeError)) throw error;
    expect(error.code).not.toBe('DEFECT');
    return 'refused';
  } finally {
    store.close();
  }
}

test(`${TRIES} random changes of bytes in the file: nothing is read back wrong, and none is a defect`, () => {
  const next = random(20_260_101);
  const bytes = readFileSync(good);
  const path = join(folder, 'bad.db');
  const outcomes = { harmless: 0, refused: 0, named: 0 };
  for (let i = 0; i < TRIES; i++) {
    const bad = Buffer.from(bytes);
    const places = Array.from({ length: 1 + next(3) }, () => {
      const at = next(bad.length);
      bad[at] = (bad[at] as number) ^ (1 + next(255));
      return at;
    });
    writeFileSync(path, bad);
    try {
      outcomes[outcomeOf(path)] += 1;
    } catch (error) {
      throw new Error(`change ${i} at ${places.join(', ')}`, { cause: error });
    }
  }
  console.info(`${TRIES} changes:`, outcomes);
  expect(outcomes.named).toBeGreaterThan(TRIES / 4);
}, 600_000);

/** A copy in which `from` is `to` wherever it stands; as long. */
function changed(name: string, from: string, to: string): string {
  const path = join(folder, name);
  const bytes = readFileSync(good);
  expect(bytes.indexOf(from)).toBeGreaterThan(0);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
  writeFileSync(path, bytes);
  return path;
}

test('damage is named by run and time, and the rest can be read and exported', async () => {
  const path = join(folder, 'one-block.db');
  copyFileSync(good, path);
  const broken = openStore(path);
  const [data] =
    broken.connection.get('SELECT data FROM block WHERE series = 1 ORDER BY at LIMIT 1 OFFSET 1') ?? [];
  const bytes = Buffer.from(data as Uint8Array);
  bytes[5000] = (bytes[5000] as number) ^ 1;
  const [at] =
    broken.connection.get('SELECT at FROM block WHERE series = 1 ORDER BY at LIMIT 1 OFFSET 1') ?? [];
  broken.connection.run('UPDATE block SET data = ? WHERE series = 1 AND at = ?', bytes, at ?? null);
  broken.close();
  const store = openStoreToRead(path);
  const key = listRuns(store).find(({ command }) => command === 'drift')?.key;
  const checked = checkStore(store, quietControl);
  expect(store.damage.all.map(damageText)).toEqual([
    `run ${key}: samples of tsc against monotonic_raw from 2023-11-14T22:30:24.000Z to 2023-11-14T22:47:27.000Z`,
  ]);
  expect(checked).toEqual({ runs: 2, samples: 3540 - 1024 + 700, rollups: 62, events: 60, documents: 1 });
  expect(samplesOf(store, 1, 0n, 1e6)).toEqual([
    ...ramp(3500, SECOND).toSpliced(1024, 1024),
    ...ramp(40, SECOND, T0 + 3600n * SECOND),
  ]);
  // An export of the sound store mends it.
  const file = join(folder, 'good.jsonl');
  exportStore(openStoreToRead(good), file, quietControl);
  const mended = openStore(path);
  expect((await importInto(mended, file, quietControl)).newRows).toBe(1024);
  mended.close();
  const sound = openStoreToRead(path);
  expect(checkStore(sound, quietControl).samples).toBe(4240);
  expect(sound.damage.all).toEqual([]);
});

test('a changed document, event, host or table is noticed', () => {
  const document = openStoreToRead(changed('document.db', '"text":"xx', '"text":"yy'));
  expect(() => documentOfRun(document, 1)).toThrow(expect.objectContaining({ code: 'STORE_DAMAGED' }));
  checkStore(document, quietControl);
  expect(document.damage.all.map(({ what }) => what)).toEqual(['its document']);
  const event = openStoreToRead(changed('event.db', 'stepped by 7 ms', 'stepped by 8 ms'));
  expect(eventsOf(event, 1, 0n, 2n ** 62n)).toHaveLength(59);
  expect(event.damage.count).toBeGreaterThan(0);
  const facts = openStoreToRead(changed('host.db', '{"cpu":"x"}', '{"cpu":"z"}'));
  expect(listRuns(facts).find(({ id }) => id === 1)?.hostName).toBe('unknown');
  expect(facts.damage.all.map(({ what }) => what)).toEqual(['what is known of the host one']);
  const table = changed('table.db', 'origin INTEGER NOT NULL', 'origin INTEGER NOT NVLL');
  expect(() => openStoreToRead(table)).toThrow(TscopeError);
});

const WHOLE = { runs: 2, samples: 4240, rollups: 62, events: 60, documents: 1 };
const OTHER_RUN = { runs: 1, samples: 700, rollups: 0, events: 0, documents: 0 };
/** Without the pair, and the half of the events that are of it. */
const OTHER_PAIR = { samples: 700, rollups: 0 };
const PAIR = 'tsc against monotonic_raw';
const PAIR_LOST = `run R: what is known of the pair ${PAIR}, with its samples and events`;

interface Outcome {
  /** What a check and an export name. */
  readonly named: readonly string[];
  /** What an export names as well. */
  readonly exported?: readonly string[];
  /** What a check finds sound, as far as that is less than all of it. */
  readonly sound?: Partial<typeof WHOLE>;
  /** What an export saves, where that is less than what is sound: rows that lack what they belong to. */
  readonly saved?: Partial<typeof WHOLE>;
}

let changes = 0;
test.each<[sql: string, Outcome]>([
  [
    "UPDATE host SET name = 'x' WHERE id = 1",
    { named: ['what is known of the host x'], exported: ['run R: it, with its host'], saved: OTHER_RUN },
  ],
  [
    'UPDATE run SET started_at = 1 WHERE id = 1',
    {
      named: ['run R: what is known of it, with all its rows'],
      sound: { runs: 1, documents: 0 },
      saved: OTHER_RUN,
    },
  ],
  [
    "UPDATE run SET document = '{}' WHERE id = 1",
    { named: ['run R: its document'], sound: { documents: 0 } },
  ],
  [
    'UPDATE series SET origin = 1 WHERE id = 1',
    { named: [PAIR_LOST], sound: OTHER_PAIR, saved: { events: 30 } },
  ],
  [
    'UPDATE series SET independent = 2 WHERE id = 1',
    { named: [PAIR_LOST], sound: OTHER_PAIR, saved: { events: 30 } },
  ],
  [
    `UPDATE sample SET offset = 0.25 WHERE at < ${T0 + 3602n * SECOND} AND series = 1`,
    {
      named: [
        `run R: samples of ${PAIR} at 2023-11-14T23:13:20.000Z`,
        `run R: samples of ${PAIR} at 2023-11-14T23:13:21.000Z`,
      ],
      sound: { samples: 4238 },
    },
  ],
  [
    `UPDATE block SET count = 1023 WHERE at = ${T0}`,
    {
      named: [`run R: samples of ${PAIR} from 2023-11-14T22:13:20.000Z to 2023-11-14T22:30:23.000Z`],
      sound: { samples: 4240 - 1024 },
    },
  ],
  [
    'UPDATE rollup SET max = 1e9 WHERE at = (SELECT max(at) FROM rollup)',
    {
      named: [`run R: roll-ups of ${PAIR} from 2023-11-14T23:13:00.000Z to 2023-11-14T23:14:00.000Z`],
      sound: { rollups: 61 },
    },
  ],
  [
    "UPDATE event SET detail = 'x' WHERE id = 8",
    { named: ['run R: an event at 2023-11-14T22:13:27.000Z'], sound: { events: 59 } },
  ],
  [
    'DELETE FROM host WHERE id = 1',
    {
      named: ['a row of run belongs to nothing that is in the store'],
      exported: ['run R: it, with its host'],
      saved: OTHER_RUN,
    },
  ],
  [
    'DELETE FROM run WHERE id = 1',
    {
      named: ['series', 'event'].map((table) => `a row of ${table} belongs to nothing that is in the store`),
      sound: { runs: 1, documents: 0 },
      saved: OTHER_RUN,
    },
  ],
  [
    'DELETE FROM series WHERE id = 1',
    {
      named: ['sample', 'rollup', 'event', 'block'].map(
        (table) => `a row of ${table} belongs to nothing that is in the store`,
      ),
      sound: OTHER_PAIR,
      saved: { events: 30 },
    },
  ],
])('%s: what is lost by that is named, and an export saves all the rest', async (sql, outcome) => {
  const { named, exported = [], sound = {}, saved = {} } = outcome;
  const path = join(folder, `change-${changes++}.db`);
  copyFileSync(good, path);
  const writer = openStore(path);
  const key = listRuns(writer).find(({ id }) => id === 1)?.key ?? '';
  writer.connection.exec('PRAGMA foreign_keys = OFF');
  writer.connection.run(sql);
  writer.close();
  const names = (store: Store) => store.damage.all.map((one) => damageText(one).replace(key, 'R'));
  const checking = openStoreToRead(path);
  expect(checkStore(checking, quietControl)).toEqual({ ...WHOLE, ...sound });
  expect(names(checking)).toEqual(named);
  const file = `${path}.jsonl`;
  const exporting = openStoreToRead(path);
  exportStore(exporting, file, quietControl);
  expect(new Set(names(exporting))).toEqual(new Set([...named, ...exported]));
  const rest = openStore(`${path}.rest`);
  await importInto(rest, file, quietControl);
  expect(checkStore(rest, quietControl)).toEqual({ ...WHOLE, ...sound, ...saved });
  expect(rest.damage.all).toEqual([]);
});
