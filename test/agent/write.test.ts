import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Entry, RunRecord } from '../../src/agent/storing/messages.ts';
import { samplesIn } from '../../src/agent/storing/read.ts';
import { Writer } from '../../src/agent/storing/write.ts';
import { listRuns } from '../../src/store/runs.ts';
import { openStore, type Store } from '../../src/store/store.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tscope-write-'));
  store = openStore(join(folder, 'a.db'));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const START_MS = 1_790_000_000_000;
const run: RunRecord = {
  number: 1,
  run: {
    host: { key: 'host', name: 'host', facts: null },
    command: 'agent',
    startedAtNs: BigInt(START_MS) * 1_000_000n,
    options: null,
  },
  pairs: [{ clock: 'tsc', reference: 'monotonic_raw', independent: false, independentReason: '' }],
  origins: [],
};
const sample = (i: number, ns: number | null = i): Entry => ({
  kind: 'sample',
  run,
  atMs: START_MS + i * 1000,
  pairs: [{ clock: 'tsc', ns, boundNs: ns === null ? null : 10 }],
});
const samples = (): number => listRuns(store).reduce((sum, { samples }) => sum + samples, 0);

test('all are stored, those without a reading are counted as rejected', () => {
  const written = new Writer(store).write([sample(0), sample(1, null), sample(2)]);
  expect(written).toEqual({ done: 3, stored: 2, rejected: 1, refused: 0, mended: null, failure: null });
  expect(samples()).toBe(2);
});

test('another thread that writes the same again adds nothing, and one run stays one', () => {
  new Writer(store).write([sample(0), sample(1)]);
  const written = new Writer(store).write([sample(0), sample(1), sample(2)]);
  expect(written).toMatchObject({ done: 3, stored: 3, refused: 0, failure: null });
  expect(samples()).toBe(3);
  expect(listRuns(store)).toHaveLength(1);
});

test.each(['PRAGMA foreign_keys = ON', 'PRAGMA foreign_keys = OFF'])(
  'rows of the run deleted (%s): said, made anew, and nothing is lost',
  (pragma) => {
    const writer = new Writer(store);
    writer.write([sample(0)]);
    store.connection.exec(`${pragma}; DELETE FROM run; PRAGMA foreign_keys = ON`);
    const written = writer.write([sample(1), sample(2)]);
    expect(written).toMatchObject({ done: 2, stored: 2, failure: null });
    expect(written.mended).toMatch(/deleted/);
    expect(samples()).toBeGreaterThanOrEqual(2);
  },
);

test('one sample that the store refuses costs itself only; where all are refused, the store is at fault', () => {
  const writer = new Writer(store);
  writer.write([sample(0)]);
  store.connection.exec(
    "CREATE TRIGGER no BEFORE INSERT ON sample WHEN NEW.offset = 13 BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  expect(writer.write([sample(12), sample(13), sample(14)])).toMatchObject({
    done: 3,
    stored: 2,
    refused: 1,
    failure: null,
  });
  expect(writer.write([sample(13)])).toMatchObject({ done: 0, stored: 0, failure: { reopen: true } });
  expect(samples()).toBe(3);
});

test('an answer with more rows than fit says so, and leaves out the oldest', () => {
  const writer = new Writer(store);
  writer.write(Array.from({ length: 100 }, (_, i) => sample(i)));
  const range = { fromNs: run.run.startedAtNs, toNs: run.run.startedAtNs + 100_000_000_000n };
  const whole = samplesIn(store, 'host', range, 1_000_000_000n, 100);
  expect([whole.series[0]?.at.length, whole.truncated]).toEqual([100, false]);
  const cut = samplesIn(store, 'host', range, 1_000_000_000n, 99);
  expect(cut.series[0]?.at.length).toBeLessThanOrEqual(100);
  expect([cut.series[0]?.at.at(-1), cut.truncated]).toEqual([START_MS / 1000 + 99, true]);
});
