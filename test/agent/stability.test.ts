import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordStep } from '../../src/agent/api/query.ts';
import { stabilityIn } from '../../src/agent/storing/stability.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import { openStore } from '../../src/store/store.ts';
import { makeSteppedStore } from '../e2e/stepped-store.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const END_MS = 1_700_000_000_000;
const TEN_S = 10_000_000_000n;

test('the stability of a range leaves out what a step and a new run touch, and nothing else', () => {
  const file = join(temporaryFolder(), 'a.db');
  makeSteppedStore(file, END_MS);
  const store = openStore(file);
  const toNs = BigInt(END_MS + 10_000) * 1_000_000n;
  const range = { fromNs: toNs - 130n * TEN_S, toNs };
  const { pairs } = stabilityIn(store, hostIdentity().key, range, TEN_S);
  store.close();
  expect(pairs.map(({ clock }) => clock)).toEqual(['tsc', 'monotonic', 'realtime']);
  const [tsc, , realtime] = pairs;
  // 63 and 45 points: 61 + 43 second differences; the step takes two more.
  expect([tsc?.points[0]?.n, realtime?.points[0]?.n]).toEqual([104, 102]);
  const [plain, stepped] = [tsc?.points[0]?.oadev ?? 0, realtime?.points[0]?.oadev ?? 1];
  expect(stepped / plain).toBeGreaterThan(0.95);
  expect(stepped / plain).toBeLessThan(1.05);
});

test('a record has the sampling interval, doubled until 2,000 points are enough', () => {
  const range = (points: bigint) => ({ fromNs: 0n, toNs: points * TEN_S });
  expect(recordStep(range(2_000n), TEN_S)).toBe(TEN_S);
  expect(recordStep(range(2_001n), TEN_S)).toBe(2n * TEN_S);
});
