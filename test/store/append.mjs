// A writer of its own process: appends samples one at a time to a series of its own and says each one's number once it
// is stored. Arguments: file, name of the clock, how many (0: forever).
import { writeSync } from 'node:fs';
import { startRun } from '../../dist/store/runs.js';
import { appendSamples } from '../../dist/store/samples.js';
import { addSeries } from '../../dist/store/series.js';
import { openStore } from '../../dist/store/store.js';

const T0 = 1_700_000_000_000_000_000n;
const [file, clock, count] = process.argv.slice(2);

try {
  const store = openStore(file);
  const host = { key: 'machine-1', name: 'one', facts: null };
  const run = startRun(store, { host, command: 'agent', startedAtNs: T0, options: null });
  const pair = { clock, reference: 'monotonic_raw', independent: null, reason: '', originNs: 0n };
  const series = addSeries(store, run.id, pair);
  for (let i = 0; count === '0' || i < Number(count); i++) {
    appendSamples(store, [[series, { atNs: T0 + BigInt(i) * 100_000_000n, offsetNs: i, windowNs: 20 }]]);
    writeSync(1, `${i}\n`);
  }
  store.close();
} catch (error) {
  writeSync(2, `${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
