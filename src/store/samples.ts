import { TscopeError } from '../errors.ts';
import { AFTER_ALL, BEFORE_ALL, later, type SampleRows } from './buckets.ts';
import { asBigint, asBytes, asCount, asReal, orNull } from './cells.ts';
import { bytesChecksum, sampleChecksum } from './checksum.ts';
import type { Row } from './connection.ts';
import { noteLost, soundRows } from './damage.ts';
import { repeatedError } from './store-error.ts';
import type { Store, Tail } from './store-on.ts';
import { int64, ns, small, tableOf } from './table.ts';

/** One comparison of two clocks. */
export interface Sample {
  /** The wall clock at the run's start plus the time that has passed since, ns. */
  readonly atNs: bigint;
  /** The clock less the reference, less the series' origin, ns. */
  readonly offsetNs: number;
  /** Width of the bracket, ns: the offset is sure to half of it. */
  readonly windowNs: number;
}

/** Samples of a full block: 24 KB, so that adding to a store rewrites little and reading one takes few rows. */
export const BLOCK_SAMPLES = 1024;
/** A series has at most this many samples that are rows of their own; the oldest then become a block. */
const MOST_LOOSE = BLOCK_SAMPLES + 256;
/** Blocks read at once. */
const PAGE = 16n;
/** Times within a block are doubles, which are exact up to here: 104 days. */
const LONGEST_BLOCK_NS = 2n ** 53n;

const BYTES_EACH = 3 * Float64Array.BYTES_PER_ELEMENT;

const columnsOf = (samples: readonly Sample[]): SampleRows => {
  const baseNs = samples[0]?.atNs ?? 0n;
  return {
    baseNs,
    sinceNs: Float64Array.from(samples, ({ atNs }) => Number(atNs - baseNs)),
    offsetsNs: Float64Array.from(samples, ({ offsetNs }) => offsetNs),
    windowsNs: Float64Array.from(samples, ({ windowNs }) => windowNs),
  };
};

function bytesOf({ sinceNs, offsetsNs, windowsNs }: SampleRows): Uint8Array {
  const all = new Float64Array(3 * sinceNs.length);
  all.set(sinceNs);
  all.set(offsetsNs, sinceNs.length);
  all.set(windowsNs, 2 * sinceNs.length);
  return new Uint8Array(all.buffer);
}

function fromBytes(baseNs: bigint, bytes: Uint8Array): SampleRows {
  // A copy: what the driver hands out need not be aligned.
  const all = new Float64Array(bytes.slice().buffer);
  const count = all.length / 3;
  const column = (index: number) => all.subarray(index * count, (index + 1) * count);
  return { baseNs, sinceNs: column(0), offsetsNs: column(1), windowsNs: column(2) };
}

/** The samples one by one. */
export const samplesIn = ({ baseNs, sinceNs, offsetsNs, windowsNs }: SampleRows): Sample[] =>
  Array.from(sinceNs, (since, i) => ({
    atNs: baseNs + BigInt(since),
    offsetNs: offsetsNs[i] as number,
    windowNs: windowsNs[i] as number,
  }));

/** Index of the first time at or after `atNs`. */
function firstFrom({ baseNs, sinceNs }: SampleRows, atNs: bigint): number {
  const wanted = Number(atNs - baseNs);
  let low = 0;
  for (let high = sinceNs.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sinceNs[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those in [fromNs, toNs). */
function within(rows: SampleRows, fromNs: bigint, toNs: bigint): SampleRows {
  const [from, to] = [firstFrom(rows, fromNs), firstFrom(rows, toNs)];
  return {
    baseNs: rows.baseNs,
    sinceNs: rows.sinceNs.subarray(from, to),
    offsetsNs: rows.offsetsNs.subarray(from, to),
    windowsNs: rows.windowsNs.subarray(from, to),
  };
}

/** What a block says of itself; that has a checksum of its own. */
const HEAD = tableOf('block', ['series'], { atNs: ns, lastAtNs: ns, count: small, checksum: int64 });
type BlockHead = ReturnType<typeof HEAD.read>;
const HEAD_COLUMNS = `${HEAD.columns}, head_checksum`;

/** @returns null for one that is damaged, which is noted. */
function headOf(store: Store, series: bigint, row: Row): BlockHead | null {
  const [head, sound] = HEAD.check([series], row);
  if (sound) return head;
  noteLost(store, series, 'samples', head.atNs, head.lastAtNs);
  return null;
}

/** @returns null for one that is damaged, which is noted. */
function blockOf(store: Store, series: bigint, row: Row): SampleRows | null {
  const head = headOf(store, series, row);
  if (head === null) return null;
  const data = asBytes(row[5]);
  if (data.length === head.count * BYTES_EACH && bytesChecksum(data) === head.checksum) {
    return fromBytes(head.atNs, data);
  }
  noteLost(store, series, 'samples', head.atNs, head.lastAtNs);
  return null;
}

function putBlock({ connection }: Store, series: bigint, samples: readonly Sample[]): void {
  const rows = columnsOf(samples);
  const data = bytesOf(rows);
  const head = {
    atNs: rows.baseNs,
    lastAtNs: samples.at(-1)?.atNs ?? rows.baseNs,
    count: samples.length,
    checksum: bytesChecksum(data),
  };
  connection.run(
    `INSERT INTO block (series, ${HEAD_COLUMNS}, data) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...HEAD.row([series], head),
    data,
  );
}

function putLoose({ connection }: Store, series: bigint, { atNs, offsetNs, windowNs }: Sample): void {
  connection.run(
    'INSERT INTO sample (series, at, offset, window, checksum) VALUES (?, ?, ?, ?, ?)',
    series,
    atNs,
    offsetNs,
    windowNs,
    sampleChecksum(series, atNs, offsetNs, windowNs),
  );
}

const LOOSE = 'at, offset, window, checksum';

/** A sample of a row of its own, and whether it is what was written. */
function looseOf(series: bigint, row: Row): [sample: Sample, sound: boolean] {
  const [atNs, offsetNs, windowNs] = [asBigint(row[0]), asReal(row[1]), asReal(row[2])];
  return [{ atNs, offsetNs, windowNs }, sampleChecksum(series, atNs, offsetNs, windowNs) === row[3]];
}

/** Samples that are rows of their own, in [fromNs, toNs); those that are damaged are noted and left out. */
function looseSamples(store: Store, series: bigint, fromNs: bigint, toNs: bigint, limit = -1n): Sample[] {
  const sql = `SELECT ${LOOSE} FROM sample WHERE series = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?`;
  const { rows, whole } = store.connection.allSound(sql, series, fromNs, toNs, limit);
  if (!whole) noteLost(store, series, 'samples', asBigint(rows.at(-1)?.[0] ?? fromNs), toNs);
  return rows.flatMap((row) => {
    const [sample, sound] = looseOf(series, row);
    if (sound) return [sample];
    noteLost(store, series, 'samples', sample.atNs, sample.atNs);
    return [];
  });
}

function tailOf(store: Store, series: bigint): Tail {
  const known = store.tails.get(series);
  if (known !== undefined) return known;
  const { connection } = store;
  const last = 'SELECT last_at FROM block WHERE series = ? ORDER BY at DESC LIMIT 1';
  const loose = 'SELECT count(*) FROM sample WHERE series = ?';
  const tail = {
    afterNs: orNull(asBigint)(connection.value(last, series)) ?? BEFORE_ALL,
    loose: asCount(connection.value(loose, series)),
  };
  store.tails.set(series, tail);
  return tail;
}

/** Cuts where a block is full, or would span more than its times can. */
function* blocksFrom(samples: readonly Sample[]): Generator<readonly Sample[]> {
  for (let from = 0; from < samples.length; ) {
    const base = samples[from]?.atNs ?? 0n;
    let to = Math.min(samples.length, from + BLOCK_SAMPLES);
    while ((samples[to - 1]?.atNs ?? base) - base >= LONGEST_BLOCK_NS) to -= 1;
    yield samples.slice(from, to);
    from = to;
  }
}

/** The oldest loose samples become a block. */
function seal(store: Store, series: bigint): void {
  const { connection } = store;
  const oldest = looseSamples(store, series, BEFORE_ALL, AFTER_ALL, BigInt(BLOCK_SAMPLES));
  const [samples] = blocksFrom(oldest);
  const last = samples?.at(-1);
  if (samples === undefined || last === undefined) return;
  connection.run('DELETE FROM sample WHERE series = ? AND at <= ?', series, last.atNs);
  putBlock(store, series, samples);
  store.tails.delete(series);
}

/** Two ascending lists as one; of two samples of one time that of `kept` stays. */
function union(kept: readonly Sample[], added: readonly Sample[]): Sample[] {
  const all: Sample[] = [];
  let i = 0;
  for (const sample of added) {
    while (i < kept.length && (kept[i] as Sample).atNs < sample.atNs) all.push(kept[i++] as Sample);
    if (kept[i]?.atNs !== sample.atNs) all.push(sample);
  }
  return all.concat(kept.slice(i));
}

/** Where the last block begins that does not begin after `atNs`. */
const blockBefore = ({ connection }: Store, series: bigint, atNs: bigint): bigint | null =>
  orNull(asBigint)(connection.value('SELECT max(at) FROM block WHERE series = ? AND at <= ?', series, atNs));

/**
 * Adds samples among those that a series has, within a transaction. A time that is there already stays as it is. A
 * damaged block in their way is replaced by them.
 *
 * @param samples ascending, none of one time.
 * @returns how many were new.
 */
export function mergeSamples(store: Store, series: bigint, samples: readonly Sample[]): number {
  const { connection } = store;
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const { afterNs, loose } = tailOf(store, series);
  if (first.atNs > afterNs && loose + samples.length < MOST_LOOSE) {
    const known = new Set(looseSamples(store, series, first.atNs, last.atNs + 1n).map(({ atNs }) => atNs));
    const fresh = samples.filter(({ atNs }) => !known.has(atNs));
    for (const sample of fresh) putLoose(store, series, sample);
    store.tails.delete(series);
    return fresh.length;
  }
  // The last block that begins before them may reach into them, or have room for them.
  const from = blockBefore(store, series, first.atNs) ?? first.atNs;
  const blocks = connection.all(
    `SELECT ${HEAD_COLUMNS}, data FROM block
     WHERE series = ? AND at >= ? AND at <= ? AND (last_at >= ? OR count < ${BLOCK_SAMPLES}) ORDER BY at`,
    series,
    from,
    last.atNs,
    first.atNs,
  );
  const inBlocks = blocks.flatMap((row) => {
    const rows = blockOf(store, series, row);
    return rows === null ? [] : samplesIn(rows);
  });
  const reach = inBlocks.at(-1)?.atNs ?? last.atNs;
  const kept = inBlocks.concat(looseSamples(store, series, BEFORE_ALL, later(last.atNs, reach) + 1n));
  const all = union(kept, samples);
  const added = all.length - kept.length;
  if (added === 0) return 0;
  for (const [at] of blocks)
    connection.run('DELETE FROM block WHERE series = ? AND at = ?', series, asBigint(at));
  connection.run('DELETE FROM sample WHERE series = ? AND at <= ?', series, all.at(-1)?.atNs ?? last.atNs);
  for (const block of blocksFrom(all)) putBlock(store, series, block);
  store.tails.delete(series);
  return added;
}

function append(store: Store, series: bigint, samples: readonly Sample[]): void {
  const wrong = samples.find(({ offsetNs, windowNs }) => !Number.isFinite(offsetNs + windowNs));
  if (wrong !== undefined) {
    const message = `${store.connection.path}: a sample's offset and window must be numbers: ${wrong.offsetNs}, ${wrong.windowNs}.`;
    throw new TscopeError('STORE_FAILED', message);
  }
  const tail = tailOf(store, series);
  const inOrder = samples.every(({ atNs }, i) => atNs > (samples[i - 1]?.atNs ?? tail.afterNs));
  if (!inOrder || samples.length >= BLOCK_SAMPLES) {
    const ascending = inOrder ? samples : [...samples].sort((a, b) => (a.atNs < b.atNs ? -1 : 1));
    if (mergeSamples(store, series, ascending) < samples.length) throw repeatedError(store.connection.path);
    return;
  }
  for (const sample of samples) putLoose(store, series, sample);
  tail.loose += samples.length;
  if (tail.loose >= MOST_LOOSE) seal(store, series);
}

/**
 * Stores samples of any number of series, all or none. When it returns they survive the end of this process.
 *
 * @throws TscopeError STORE_REPEATED for a time that a series has already, STORE_ROW_GONE for a series that is not
 * there; and as every transaction of the store.
 */
export function appendSamples(
  store: Store,
  batch: ReadonlyArray<readonly [series: number, sample: Sample]>,
): void {
  const groups = new Map<number, Sample[]>();
  for (const [series, sample] of batch) {
    const group = groups.get(series);
    if (group === undefined) groups.set(series, [sample]);
    else group.push(sample);
  }
  store.transaction(() => {
    for (const [series, samples] of groups) append(store, BigInt(series), samples);
  });
}

/** The samples of a series in [fromNs, toNs), oldest first. Those that are damaged are noted and left out. */
export function* readSamples(
  store: Store,
  series: bigint,
  fromNs = BEFORE_ALL,
  toNs = AFTER_ALL,
): Generator<SampleRows> {
  const { connection } = store;
  // These first: a writer may put them into a block meanwhile, and then they would be in neither.
  const loose = looseSamples(store, series, fromNs, toNs);
  const end = loose[0]?.atNs ?? toNs;
  const sql = `SELECT ${HEAD_COLUMNS}, data FROM block WHERE series = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?`;
  let from = blockBefore(store, series, fromNs) ?? fromNs;
  for (;;) {
    const { rows: page, whole } = connection.allSound(sql, series, from, end, PAGE);
    for (const row of page) {
      const rows = blockOf(store, series, row);
      const part = rows === null ? null : within(rows, fromNs, end);
      if (part !== null && part.sinceNs.length > 0) yield part;
    }
    const next = page.length === 0 ? from : asBigint(page.at(-1)?.[0]) + 1n;
    if (whole && page.length < Number(PAGE)) break;
    const after = whole ? next : afterBroken(store, series, next, end);
    if (after === null) break;
    from = after;
  }
  // They may lie further apart than doubles can say: a clock that was a year ahead.
  for (const part of blocksFrom(loose)) yield columnsOf(part);
}

/** Where reading goes on behind a block whose pages cannot be read; null where no block can be found any more. */
function afterBroken(store: Store, series: bigint, fromNs: bigint, toNs: bigint): bigint | null {
  const sql = 'SELECT at FROM block WHERE series = ? AND at >= ? AND at < ? ORDER BY at LIMIT 2';
  const { rows } = store.connection.allSound(sql, series, fromNs, toNs);
  const [broken, next] = rows.map(([at]) => asBigint(at));
  noteLost(store, series, 'samples', broken ?? fromNs, next ?? toNs);
  return next ?? null;
}

/** Samples of a series from `fromNs` on, oldest first, as they were stored. @param limit the most of them. */
export function samplesOf(store: Store, series: number, fromNs: bigint, limit: number): Sample[] {
  const found: Sample[] = [];
  for (const rows of readSamples(store, BigInt(series), fromNs)) {
    found.push(...samplesIn(rows).slice(0, limit - found.length));
    if (found.length >= limit) break;
  }
  return found;
}

/** The first or the last loose sample that is sound. */
function looseEnd(store: Store, series: bigint, order: 'ASC' | 'DESC'): bigint | null {
  const sql = `SELECT ${LOOSE} FROM sample WHERE series = ? ORDER BY at ${order} LIMIT 1`;
  const [row] = soundRows(store, 'some samples', sql, series);
  if (row === undefined) return null;
  const [{ atNs }, sound] = looseOf(series, row);
  if (sound) return atNs;
  return looseSamples(store, series, BEFORE_ALL, AFTER_ALL).at(order === 'ASC' ? 0 : -1)?.atNs ?? null;
}

/** The first or the last block that is sound. */
function blockEnd(store: Store, series: bigint, order: 'ASC' | 'DESC'): BlockHead | null {
  const sql = (limit: number) =>
    `SELECT ${HEAD_COLUMNS} FROM block WHERE series = ? ORDER BY at ${order} LIMIT ${limit}`;
  for (const limit of [1, -1]) {
    for (const row of soundRows(store, 'some samples', sql(limit), series)) {
      const head = headOf(store, series, row);
      if (head !== null) return head;
    }
  }
  return null;
}

/** From when to when a series has samples; null where it has none. */
export const extentOf = (store: Store, series: bigint) => ({
  firstAtNs: blockEnd(store, series, 'ASC')?.atNs ?? looseEnd(store, series, 'ASC'),
  lastAtNs: looseEnd(store, series, 'DESC') ?? blockEnd(store, series, 'DESC')?.lastAtNs ?? null,
});

/** How many samples a series holds, by what its blocks say of themselves. */
export function countSamples(store: Store, series: bigint): number {
  const loose = 'SELECT count(*) FROM sample WHERE series = ?';
  const [[count] = [0n]] = soundRows(store, 'some samples', loose, series);
  const heads = soundRows(
    store,
    'some samples',
    `SELECT ${HEAD_COLUMNS} FROM block WHERE series = ?`,
    series,
  );
  return heads.reduce((sum, row) => sum + (headOf(store, series, row)?.count ?? 0), asCount(count));
}

/** The oldest sample of a series, by the first block's own word; null where there is none. */
export function oldestSample({ connection }: Store, series: bigint): bigint | null {
  const sql = `SELECT coalesce((SELECT min(at) FROM block WHERE series = ?1), (SELECT min(at) FROM sample WHERE series = ?1))`;
  return orNull(asBigint)(connection.value(sql, series));
}

/** How many samples of a series are older than `beforeNs`. */
export function countBefore(store: Store, series: bigint, beforeNs: bigint): number {
  const { connection } = store;
  const loose = 'SELECT count(*) FROM sample WHERE series = ? AND at < ?';
  let count = asCount(connection.value(loose, series, beforeNs));
  const blocks = `SELECT ${HEAD_COLUMNS} FROM block WHERE series = ? AND last_at < ?`;
  for (const row of connection.all(blocks, series, beforeNs)) count += headOf(store, series, row)?.count ?? 0;
  for (const block of straddling(store, series, beforeNs)) count += firstFrom(block, beforeNs);
  return count;
}

/** The block that begins before a moment and ends at or after it. */
function straddling(store: Store, series: bigint, atNs: bigint): SampleRows[] {
  const sql = `SELECT ${HEAD_COLUMNS}, data FROM block WHERE series = ? AND at < ? AND last_at >= ?`;
  return store.connection.all(sql, series, atNs, atNs).flatMap((row) => blockOf(store, series, row) ?? []);
}

/** Deletes the samples of a series that are older than `beforeNs`, within a transaction. */
export function deleteSamplesBefore(store: Store, series: bigint, beforeNs: bigint): void {
  const { connection } = store;
  for (const block of straddling(store, series, beforeNs)) {
    connection.run('DELETE FROM block WHERE series = ? AND at = ?', series, block.baseNs);
    putBlock(store, series, samplesIn(within(block, beforeNs, AFTER_ALL)));
  }
  connection.run('DELETE FROM block WHERE series = ? AND last_at < ?', series, beforeNs);
  connection.run('DELETE FROM sample WHERE series = ? AND at < ?', series, beforeNs);
  store.tails.delete(series);
}
