import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventsOf, fieldValue, parseFormat, parsePageLayout } from '../../src/kvm/trace-pages.ts';
import { lostIn } from '../../src/kvm/tracefs.ts';
import { FORMAT, HEADER } from './fake-tracefs.ts';

test('formats are read by name; a file without a field that is needed is not one', () => {
  const format = parseFormat(FORMAT, ['hrtimer', 'expires']);
  expect(format?.id).toBe(460);
  expect(format?.fields.get('expires')).toEqual({ offset: 16, size: 8, signed: true });
  expect(parseFormat(FORMAT, ['function'])).toBeNull();
  expect(parseFormat('', [])).toBeNull();
  expect(parsePageLayout(HEADER)?.data).toEqual({ offset: 16, size: 4080, signed: false });
  expect(parsePageLayout('nothing')).toBeNull();
  for (const name of ['timestamp', 'commit', 'data'])
    expect(parsePageLayout(HEADER.replace(name, 'other')), name).toBeNull();
});

type Entry =
  | { kind: 'event'; delta: number; words: number; long: boolean }
  | { kind: 'extend'; delta: bigint }
  | { kind: 'stamp'; ns: bigint }
  | { kind: 'discarded'; delta: number };

/** A page as the kernel writes one, and the times of its events. */
function pageOf(entries: readonly Entry[], start: bigint): { page: DataView; times: bigint[] } {
  const page = new DataView(new ArrayBuffer(4096));
  page.setBigUint64(0, start, true);
  let at = 16;
  let time = start;
  const times: bigint[] = [];
  const head = (type: number, delta: number) => page.setUint32(at, ((delta << 5) | type) >>> 0, true);
  for (const entry of entries) {
    if (entry.kind === 'event') {
      head(entry.long ? 0 : entry.words, entry.delta);
      if (entry.long) page.setUint32(at + 4, 4 * entry.words + 4, true);
      at += entry.long ? 8 : 4;
      page.setUint16(at, 460, true);
      at += 4 * entry.words;
      time += BigInt(entry.delta);
      times.push(time);
    } else if (entry.kind === 'discarded') {
      head(29, entry.delta);
      page.setUint32(at + 4, 8, true);
      at += 12;
      time += BigInt(entry.delta);
    } else {
      const ns = entry.kind === 'stamp' ? entry.ns : entry.delta;
      head(entry.kind === 'stamp' ? 31 : 30, Number(ns & ((1n << 27n) - 1n)));
      page.setUint32(at + 4, Number(ns >> 27n), true);
      at += 8;
      time = entry.kind === 'stamp' ? ns : time + ns;
    }
  }
  // The upper bits tell of lost events.
  page.setBigInt64(8, BigInt(at - 16) | (1n << 31n), true);
  return { page, times };
}

const delta = fc.integer({ min: 1, max: 2 ** 27 - 1 });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    kind: fc.constant('event' as const),
    delta,
    words: fc.integer({ min: 1, max: 28 }),
    long: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('extend' as const), delta: fc.bigInt({ min: 0n, max: 2n ** 50n }) }),
  fc.record({ kind: fc.constant('stamp' as const), ns: fc.bigInt({ min: 0n, max: 2n ** 58n }) }),
  fc.record({ kind: fc.constant('discarded' as const), delta }),
);

test('every event of a page is found, with its time, whatever stands between', () => {
  const layout = parsePageLayout(HEADER);
  if (layout === null) throw new Error('no layout');
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 25 }),
      fc.bigInt({ min: 0n, max: 2n ** 58n }),
      (entries, start) => {
        const { page, times } = pageOf(entries, start);
        const events = eventsOf(page, layout);
        expect(events.map(({ time }) => time)).toEqual(times);
        expect(events.every(({ record }) => record.getUint16(0, true) === 460)).toBe(true);
      },
    ),
  );
});

test('nothing is read behind the end of the data, nor behind a padding that stands for the rest of a page', () => {
  const layout = parsePageLayout(HEADER);
  if (layout === null) throw new Error('no layout');
  const event = { kind: 'event', delta: 5, words: 2, long: false } as const;
  const { page, times } = pageOf([event, event, event], 100n);
  const cut = (bytes: number) => {
    page.setBigUint64(8, BigInt(bytes), true);
    return eventsOf(page, layout).map(({ time }) => time);
  };
  expect([36, 35, 24, 12, 11, 0].map((bytes) => cut(bytes).length)).toEqual([3, 2, 2, 1, 0, 0]);
  cut(36);
  // The second event becomes a padding without time.
  page.setUint32(16 + 12, 29, true);
  expect(eventsOf(page, layout).map(({ time }) => time)).toEqual(times.slice(0, 1));
});

test('a page of anything at all is read without harm', () => {
  const layout = parsePageLayout(HEADER);
  if (layout === null) throw new Error('no layout');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 300 }), (bytes) => {
      const page = new DataView(new Uint8Array(bytes).buffer);
      expect(() => eventsOf(page, layout)).not.toThrow();
    }),
  );
});

test('a field is read by its width and sign, and is 0 where the record ends before it', () => {
  const view = new DataView(new BigInt64Array([-2n]).buffer);
  const at = (size: number, signed: boolean) => fieldValue(view, { offset: 0, size, signed });
  expect([at(8, true), at(4, true), at(2, true), at(1, true)]).toEqual([-2n, -2n, -2n, -2n]);
  expect([at(8, false), at(4, false), at(2, false), at(1, false)]).toEqual([
    2n ** 64n - 2n,
    2n ** 32n - 2n,
    65_534n,
    254n,
  ]);
  expect(fieldValue(view, { offset: 1, size: 8, signed: false })).toBe(0n);
  expect(fieldValue(view, { offset: 0, size: 8, signed: false })).not.toBe(0n);
});

test('every kind of loss counts, and nothing else of the statistics', () => {
  const stats = 'entries: 5\noverrun: 30\ncommit overrun: 2\nbytes: 900\ndropped events: 1\nread events: 7\n';
  expect(lostIn(stats)).toBe(33);
  expect(lostIn('')).toBe(0);
});
