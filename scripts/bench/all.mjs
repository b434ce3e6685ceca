// Runs every benchmark in turn and prints what each found under one line about the machine. Name some to run those
// only: `npm run bench -- reading lapic`. Each compares with something measured in the same run. `--quick` asks each for
// few rounds of little: whether it works, not what it finds.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { basename, join } from 'node:path';

const self = basename(import.meta.filename);
const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.mjs') && name !== self);
const known = all.map((name) => basename(name, '.mjs'));
/** Minutes each: only by name. */
const LONG = ['coverage', 'fleet', 'kvm', 'stability-coverage'];
const words = process.argv.slice(2);
const quick = words.filter((word) => word === '--quick');
const names = words.filter((word) => word !== '--quick');
const asked = names.length > 0 ? names : known.filter((name) => !LONG.includes(name));
const unknown = asked.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  console.error(`bench: there is no benchmark ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  process.exitCode = 2;
} else {
  const cpu = cpus()[0]?.model ?? 'unknown CPU';
  console.log(`${cpu}, ${availableParallelism()} CPUs, Linux ${release()}, Node ${process.version}`);
  for (const name of asked) {
    console.log(`\n== ${name}`);
    const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.mjs`), ...quick], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
