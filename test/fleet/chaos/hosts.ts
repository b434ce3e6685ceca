// Simulated hosts in one process: a real store each, samples as fast as asked for, and shipping. SIGUSR2 ends the sampling;
// the process then ends when everything is shipped.
import { join } from 'node:path';
import type { ShippingView } from '../../../src/agent/shipping-view.ts';
import { startShipping } from '../../../src/fleet/shipping/ship.ts';
import { endRun, startRun } from '../../../src/store/runs.ts';
import { appendSamples } from '../../../src/store/samples.ts';
import { addSeries } from '../../../src/store/series.ts';
import { openStore } from '../../../src/store/store.ts';
import {
  countUnshipped,
  instanceOf,
  lostUnshipped,
  markShipped,
  readUnshipped,
} from '../../../src/store/unshipped.ts';
import { facts } from '../batches.ts';

const [folder = '', servers = '', first = '0', count = '1'] = process.argv.slice(2);
/** Every simulated second takes this many ms. */
const SECOND_MS = 200;
const SECOND = 1_000_000_000n;
/** Every minute looks as if it were over: those that are not are sent again when they have grown. */
const LATER = 3_600n * SECOND;
const sampling = new AbortController();
process.on('SIGUSR2', () => sampling.abort());

const hosts = Array.from({ length: Number(count) }, (_, i) => {
  const name = `host-${Number(first) + i}`;
  const store = openStore(join(folder, `${name}.db`));
  const identity = { key: name, name, facts: null };
  const startedAtNs = BigInt(Date.now()) * 1_000_000n;
  const { id: run } = startRun(store, { host: identity, command: 'agent', startedAtNs, options: null });
  const series = ['tsc', 'realtime'].map((clock) =>
    addSeries(store, run, {
      clock,
      reference: 'monotonic_raw',
      independent: true,
      reason: 'simulated',
      originNs: 0n,
    }),
  );
  const parts = { hostKey: name, samples: true };
  let seconds = 0n;
  const sample = (): void => {
    seconds += 1n;
    const atNs = startedAtNs + seconds * SECOND;
    const offset = Math.sin(Number(seconds)) * 1_000 + i / 7;
    appendSamples(
      store,
      series.map((id, k) => [id, { atNs, offsetNs: offset * (k + 1), windowNs: 100 / 3 }]),
    );
  };
  const view: ShippingView = {
    access: { servers: servers.split(','), credentials: null, ca: null, word: name },
    hostname: `${name}.example`,
    machine: name,
    boot: 'boot-1',
    labels: {},
    log: () => {},
    facts: () => facts,
    instance: async () => ({ instance: instanceOf(store), lost: lostUnshipped(store) }),
    unshipped: async (bytes) => ({
      unshipped: readUnshipped(store, parts, bytes, startedAtNs + seconds * SECOND + LATER),
      waiting: countUnshipped(store, parts),
      lost: lostUnshipped(store),
    }),
    shipped: async (marks) => markShipped(store, marks),
  };
  const shipping = startShipping(view, 1_000);
  return {
    sample,
    end: () => endRun(store, run, startedAtNs + seconds * SECOND),
    left: () => readUnshipped(store, parts, 1, startedAtNs + seconds * SECOND + LATER).runs.length,
    close: async () => {
      await shipping.end(2_000);
      store.close();
    },
  };
});

const timer = setInterval(() => {
  if (sampling.signal.aborted) {
    clearInterval(timer);
    for (const host of hosts) host.end();
    const waiting = setInterval(async () => {
      if (hosts.some((host) => host.left() > 0)) return;
      clearInterval(waiting);
      for (const host of hosts) await host.close();
      process.exit(0);
    }, 500);
    return;
  }
  for (const host of hosts) host.sample();
}, SECOND_MS);
