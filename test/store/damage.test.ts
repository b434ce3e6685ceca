import { expect, test } from 'vitest';
import { asBigint, asBytes, asCount, asReal, asText } from '../../src/store/cells.ts';
import { damageText } from '../../src/store/damage.ts';
import { type Damage, DamageLog } from '../../src/store/damage-log.ts';
import { T0 } from './fixtures.ts';

const damage = (fromNs: bigint | null, toNs = fromNs, run: string | null = 'a'): Damage => ({
  run,
  what: 'samples',
  fromNs,
  toNs,
});

test.each([
  [1, 1, 1],
  [999, 999, 999],
  [1000, 1000, 1000],
  [1001, 1000, 1001],
  [2500, 1000, 2500],
])('of %i damages %i are kept, the first ones, and %i are counted', (found, kept, counted) => {
  const log = new DamageLog();
  const all = Array.from({ length: found }, (_, i) => damage(BigInt(i)));
  for (const one of all) log.add(one);
  // Reading it once more finds the first of them again.
  log.add(damage(0n));
  expect(log.all).toEqual(all.slice(0, kept));
  expect(log.count).toBe(counted);
});

test('damage is the same where its run, what is lost and its start are', () => {
  const log = new DamageLog();
  const different = [damage(1n), damage(2n), damage(1n, 1n, 'b'), { ...damage(1n), what: 'a minute' }];
  for (const one of [...different, damage(1n, 9n), ...different]) log.add(one);
  expect(log.all).toEqual(different);
  expect(log.count).toBe(4);
});

test.each([
  [damage(null), 'run a: samples'],
  [damage(null, null, null), 'samples'],
  [damage(T0), 'run a: samples at 2023-11-14T22:13:20.000Z'],
  [damage(T0, T0 + 1_000_000n, null), 'samples from 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:20.001Z'],
  // All that a store can hold.
  [
    damage(-(2n ** 63n), 2n ** 63n - 1n),
    'run a: samples from 1677-09-21T00:12:43.146Z to 2262-04-11T23:47:16.854Z',
  ],
  // Of a range with one end, the end that is known is no time of its own.
  [damage(T0, null), 'run a: samples'],
  [damage(null, T0), 'run a: samples'],
])('damage as a part of a sentence: %o', (one, text) => {
  expect(damageText(one)).toBe(text);
});

const text = (value: string) => new TextEncoder().encode(value);
const READERS = { asBigint, asCount, asReal, asText, asBytes };

test.each([
  [7n, { asBigint: 7n, asCount: 7 }],
  [0.5, { asReal: 0.5 }],
  ['é', { asText: 'é' }],
  [text('é'), { asText: 'é', asBytes: text('é') }],
  [Uint8Array.of(0xff), { asBytes: Uint8Array.of(0xff) }],
  [null, {}],
  [undefined, {}],
])('what a cell is read as, and what is said where it holds something else: %o', (cell, readable) => {
  const outcomes = Object.entries(READERS).map(([name, read]) => {
    try {
      return [name, read(cell)];
    } catch (error) {
      return [name, error instanceof Error && error.message];
    }
  });
  const shown = cell instanceof Uint8Array ? 'other bytes' : String(cell ?? 'nothing');
  const refused = (wanted: string) => `the store holds ${shown} where it should hold ${wanted}.`;
  expect(Object.fromEntries(outcomes)).toEqual({
    asBigint: refused('an integer'),
    asCount: refused('an integer'),
    asReal: refused('a number'),
    asText: refused('text'),
    asBytes: refused('bytes'),
    ...readable,
  });
});
