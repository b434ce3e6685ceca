import { expect, test } from 'vitest';
import { packBatch } from '../../src/fleet/shipping/batch.ts';
import { countIn, ledgerOf, merged, rangesOf } from '../../src/fleet/store/settled.ts';
import { type SenderActivity, separate } from '../../src/fleet/store/twins.ts';
import { fleetBatchSchema } from '../../src/schema/fleet-batch.ts';
import { MOST_BATCH_BYTES } from '../../src/schema/words.ts';
import type { UnshippedRun } from '../../src/store/unshipped.ts';
import { batch } from './batches.ts';

const active = (
  sender: number,
  firstAtMs: number,
  lastAtMs: number,
  own: Partial<SenderActivity> = {},
): SenderActivity => ({
  sender,
  host: 1,
  machine: 'm',
  instance: 'i',
  boot: `boot-${sender}`,
  firstAtMs,
  lastAtMs,
  ...own,
});

test.each<[string, SenderActivity[], ReturnType<typeof separate>]>([
  ['one boot after another is one machine', [active(1, 0, 10), active(2, 10, 20)], []],
  ['two boots in turns are two', [active(1, 0, 20), active(2, 10, 15)], [{ sender: 2, host: -1 }]],
  [
    'two stores of one boot are one machine',
    [active(1, 0, 20, { boot: 'b' }), active(2, 10, 15, { boot: 'b' })],
    [],
  ],
  [
    'the reboot of the second machine goes to the second host',
    [active(1, 0, 50), active(2, 10, 15, { host: 2 }), active(3, 20, 30)],
    [{ sender: 3, host: 2 }],
  ],
  [
    'three at once are three',
    [active(1, 0, 50), active(2, 10, 60), active(3, 20, 70)],
    [
      { sender: 2, host: -1 },
      { sender: 3, host: -2 },
    ],
  ],
  [
    'of two hosts that are free the one with the same store takes it',
    [
      active(1, 0, 50),
      active(2, 10, 15, { host: 2, instance: 'x' }),
      active(3, 16, 18, { host: 3, instance: 'y' }),
      active(4, 20, 30, { instance: 'y' }),
    ],
    [{ sender: 4, host: 3 }],
  ],
])('%s', (_, activities, moves) => {
  expect(separate(activities)).toEqual(moves);
  expect(separate(activities.toReversed())).toEqual(moves);
});

test('sequences are counted once, however often and in whatever order they were dealt with', () => {
  expect(rangesOf([3, 1, 2, 7, 7], false)).toEqual([
    { first: 1, last: 3, refused: false },
    { first: 7, last: 7, refused: false },
  ]);
  const ranges = [...rangesOf([1, 2, 3], false), ...rangesOf([3, 4], false), ...rangesOf([5], true)];
  expect(merged(ranges)).toEqual([
    { first: 1, last: 4, refused: false },
    { first: 5, last: 5, refused: true },
  ]);
  expect(countIn(ranges)).toEqual({ stored: 4, refused: 1 });
  expect(countIn([])).toEqual({ stored: 0, refused: 0 });
});

test('the ledger adds up, also where something is stored and not yet acknowledged, or has expired', () => {
  expect(ledgerOf(10, 3, { stored: 6, refused: 1 })).toEqual({
    received: 10,
    stored: 6,
    refused: 1,
    waiting: 3,
    expired: 0,
  });
  expect(ledgerOf(10, 5, { stored: 6, refused: 1 })).toEqual({
    received: 10,
    stored: 6,
    refused: 1,
    waiting: 3,
    expired: 0,
  });
  expect(ledgerOf(10, 1, { stored: 6, refused: 1 })).toEqual({
    received: 10,
    stored: 6,
    refused: 1,
    waiting: 1,
    expired: 2,
  });
});

test('a batch follows its schema, is known again by its id, and is never larger than a hub takes', () => {
  const { host, lost } = batch('one');
  const rollup = {
    atNs: 60_000_000_000n * 29_454_000n,
    count: 6,
    minNs: -1.5,
    maxNs: 2,
    meanNs: 0.1 + 0.2,
    firstAtNs: 60_000_000_000n * 29_454_000n + 1n,
    firstNs: -1.5,
    lastAtNs: 60_000_000_000n * 29_454_000n + 59_999_999_999n,
    lastNs: 2,
  };
  const run = (count: number): UnshippedRun => ({
    key: 'r',
    command: 'agent',
    startedAtNs: -1n,
    endedAtNs: null,
    options: '{"boot":"b"}',
    series: [
      {
        clock: 'tsc',
        reference: 'realtime',
        independent: null,
        reason: 'r',
        originNs: -5n,
        minutes: Array.from({ length: count }, () => rollup),
        hours: [],
        samples: [{ atNs: 7n, offsetNs: 1 / 3, windowNs: 20 }],
      },
    ],
    events: [],
    calibrations: [],
    document: null,
  });
  const packed = packBatch({ host, lost }, [run(1)], 5n);
  const read = fleetBatchSchema.parse(JSON.parse(Buffer.from(packed?.data ?? []).toString()));
  expect(read.runs[0]?.boot).toBe('b');
  expect(read.runs[0]?.series?.[0]?.minutes).toEqual([
    [29_454_000, 6, -1.5, 2, 0.1 + 0.2, 1, -1.5, 59_999_999_999, 2],
  ]);
  expect(read.runs[0]?.series?.[0]?.samples).toEqual({
    baseNs: '7',
    sinceNs: [0],
    offsetsNs: [1 / 3],
    windowsNs: [20],
  });
  expect(packBatch({ host, lost }, [run(1)], 6n)?.id).toBe(packed?.id);
  expect(packBatch({ host, lost }, [run(2)], 5n)?.id).not.toBe(packed?.id);
  expect(packBatch({ host: { ...host, boot: 'other' }, lost }, [run(1)], 5n)?.id).not.toBe(packed?.id);
  expect(packBatch({ host, lost }, [run(MOST_BATCH_BYTES / 16)], 5n)).toBeNull();
});
