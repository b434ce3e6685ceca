// The fleet on real servers: each part starts its own nats-server and PostgreSQL. Half an hour; the parts run by
// themselves too, with other sizes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PARTS = [
  ['collector.mjs', '60000', '20000'],
  ['steady.mjs', '600', '1700', '100000'],
  ['queries.mjs', '100000', '1000'],
  ['faults.mjs', '1000'],
  ['agent.mjs', '3'],
];
for (const [part, ...sizes] of PARTS) {
  console.log(`\n-- ${part} ${sizes.join(' ')}`);
  const loader = join(import.meta.dirname, '../../test/load-typescript.mjs');
  const words = ['--import', loader, join(import.meta.dirname, 'fleet', part), ...sizes];
  if (spawnSync(process.execPath, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
}
