import { startRun } from '../../src/store/runs.ts';
import type { Sample } from '../../src/store/samples.ts';
import { addSeries } from '../../src/store/series.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export const T0 = 1_700_000_000_000_000_000n;
export const SECOND = 1_000_000_000n;

export const host = { key: 'machine-1', name: 'one', facts: '{"cpu":"x"}' };

/** A store with one run and one series in it. */
export function storeWithSeries(path: string): { store: Store; run: number; series: number } {
  const store = openStore(path);
  const run = startRun(store, { host, command: 'drift', startedAtNs: T0, options: null }).id;
  return { store, run, series: addTsc(store, run) };
}

export const addTsc = (store: Store, run: number, clock = 'tsc'): number =>
  addSeries(store, run, {
    clock,
    reference: 'monotonic_raw',
    independent: false,
    reason: 'one counter',
    originNs: -5n,
  });

/** Samples each `stepNs`, whose offset grows by 1 ns a step with a ripple. */
export const ramp = (count: number, stepNs: bigint, startNs = T0): Sample[] =>
  Array.from({ length: count }, (_, i) => ({
    atNs: startNs + BigInt(i) * stepNs,
    offsetNs: i + (i % 3) / 4,
    windowNs: 20 + (i % 5),
  }));

export const batchOf = (series: number, samples: readonly Sample[]): Array<[number, Sample]> =>
  samples.map((sample) => [series, sample]);
