import { expect, test } from 'vitest';
import { lastOf, recorder, since } from '../../src/kvm/recording.ts';

/** A guest that has these rows to hand out, at most as many at a time as there is room for. */
function guestWith(rows: ReadonlyArray<readonly [bigint, bigint, bigint, bigint]>) {
  let next = 0;
  return {
    dropped: () => 0,
    drain: (out: BigInt64Array): number => {
      const count = Math.min(rows.length - next, out.length / 4);
      rows.slice(next, next + count).forEach((row, i) => {
        out.set(row, i * 4);
      });
      next += count;
      return count;
    },
  };
}

test('every row lands in the list of its kind, in order', () => {
  const { recording, update } = recorder(
    guestWith([
      [4n, 10n, 1n, 0n],
      [5n, 11n, 2n, 0n],
      [1n, 12n, 3n, 0n],
      [0n, 20n, -1n, 5n],
      [3n, 25n, 4n, 6n],
      [0n, 30n, 5n, 7n],
      [2n, 31n, 6n, 8n],
      [99n, 32n, 7n, 9n],
    ]),
  );
  update();
  expect(recording.deliveries).toEqual([
    { ktime: 20n, tsc: 2n ** 64n - 1n, cpuNs: 5n },
    { ktime: 30n, tsc: 5n, cpuNs: 7n },
  ]);
  expect([recording.setting, recording.set, recording.entered].map((list) => lastOf(list).ktime)).toEqual([
    10n,
    11n,
    12n,
  ]);
  expect(lastOf(recording.interrupted).ktime).toBe(25n);
  expect(since(lastOf(recording.left).ktime, 20n)).toBe(11);
});

test('more rows than fit at once are all taken', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [0n, BigInt(i), 0n, 0n] as const);
  const { recording, update } = recorder(guestWith(rows));
  update();
  expect(recording.deliveries.map(({ ktime }) => ktime)).toEqual(rows.map(([, ktime]) => ktime));
});

test('lost records are never passed over', () => {
  const { update } = recorder({ ...guestWith([]), dropped: () => 1 });
  expect(update).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('1 records of the guest'),
    }),
  );
});

test('a guest that never ran has no last moment', () => {
  expect(() => lastOf([])).toThrow(RangeError);
});
