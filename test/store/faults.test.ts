import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = realpathSync(temporaryFolder());
const shim = join(folder, 'faults.so');
const jobs = join(folder, 'jobs');
mkdirSync(jobs);
const compiler = spawnSync('cc', ['--version']).status === 0;
if (compiler) {
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, join(import.meta.dirname, 'faults.c'), '-ldl']);
}

/** The least number of calls that each of them makes. */
test.skipIf(!compiler).each([
  ['record', 30],
  ['migrate', 30],
  ['import', 30],
  ['export', 30],
  ['out', 5],
  ['report', 20],
])(
  '%s: whichever read, write, fsync or open fails, what was there or what was acknowledged is whole',
  (job, least) => {
    const control = join(folder, `${job}.control`);
    writeFileSync(control, new Uint8Array(8));
    const loader = new URL('../load-typescript.mjs', import.meta.url).href;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', loader, join(import.meta.dirname, 'faults.mjs'), job],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          LD_PRELOAD: shim,
          TSCOPE_FAULT_FOLDER: `${jobs}/`,
          TSCOPE_FAULT_CONTROL: control,
        },
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // Every one of them was tried: a job opens, reads, writes and syncs.
    expect(Number(stdout)).toBeGreaterThanOrEqual(least);
    console.info(`${job}: ${stdout.trim()} calls failed in turn`);
  },
  120_000,
);
