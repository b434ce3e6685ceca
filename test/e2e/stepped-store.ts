import { hostIdentity } from '../../src/host/identity.ts';
import { appendEvents } from '../../src/store/events.ts';
import { startRun } from '../../src/store/runs.ts';
import { appendSamples } from '../../src/store/samples.ts';
import { addSeries } from '../../src/store/series.ts';
import { openStore } from '../../src/store/store.ts';

const TEN_S = 10_000_000_000n;
/** Samples before the step, and after it until the agent begins a new run. */
const BEFORE = 60;
const SEEN = 3;
const AFTER = 45;
/** By which CLOCK_REALTIME is set. */
export const STEP_NS = 2_000_000_000;
const CLOCKS = ['tsc', 'monotonic', 'realtime'] as const;

/** Small and different at every sample. */
const noise = (i: number): number => Math.round(20 * Math.sin(i * 12.9898));

/**
 * What the agent stores while somebody sets the clock 2 s forward: 18 minutes of this host, in two runs, the second with
 * the right times and the same origin.
 */
export function makeSteppedStore(file: string, endMs: number): void {
  const store = openStore(file);
  const host = { ...hostIdentity(), facts: null };
  const base = { reference: 'monotonic_raw', independent: false, reason: 'made from one counter' };
  const fromNs = BigInt(endMs) * 1_000_000n - BigInt(BEFORE + SEEN + AFTER) * TEN_S;
  const write = (startedAtNs: bigint, first: number, count: number) => {
    const run = startRun(store, { host, command: 'agent', startedAtNs, options: null });
    for (const clock of CLOCKS) {
      const series = addSeries(store, run.id, { ...base, clock, originNs: 0n });
      const rows = Array.from({ length: count }, (_, i) => {
        const stepped = clock === 'realtime' && first + i >= BEFORE;
        const offsetNs = (first + i) * 50 + noise(first + i) + (stepped ? STEP_NS : 0);
        return [series, { atNs: startedAtNs + BigInt(i) * TEN_S, offsetNs, windowNs: 40 }] as const;
      });
      appendSamples(store, rows);
      if (clock !== 'realtime' || first > 0) continue;
      const atNs = startedAtNs + BigInt(BEFORE) * TEN_S;
      appendEvents(store, run.id, [{ series, atNs, kind: 'step', detail: 'stepped by 2.00 s' }]);
    }
  };
  write(fromNs, 0, BEFORE + SEEN);
  write(fromNs + BigInt(BEFORE + SEEN) * TEN_S + BigInt(STEP_NS), BEFORE + SEEN, AFTER);
  store.close();
}
