import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tscope-package-'));
const elsewhere = join(folder, 'elsewhere');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const npm = (args: string[], cwd: string) =>
  spawnSync('npm', ['--loglevel=error', ...args], { cwd, encoding: 'utf8' });

let tarball = '';
beforeAll(() => {
  // --ignore-scripts would leave the addons out; `prepare` would build again what is built.
  spawnSync(process.execPath, ['scripts/prebuild.mjs'], { cwd: ROOT });
  npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'package.json'), '{ "private": true }');
  npm(['install', '--no-audit', '--no-fund', join(folder, tarball)], elsewhere);
}, 120_000);

test('the package installs elsewhere with its addon and runs, without a compiler or an install script', () => {
  const installed = join(elsewhere, 'node_modules/tscope');
  const { scripts } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall']) expect(scripts).not.toHaveProperty(name);
  const { status, stdout, stderr } = npm(['exec', '--offline', '--', 'tscope', 'host', '--json'], elsewhere);
  expect(stderr).not.toMatch(/ {4}at /);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).result.tsc.readable.value).toBe(true);
});

test('it holds what runs, and not what builds or tests it', () => {
  const { stdout } = spawnSync('tar', ['tzf', join(folder, tarball)], { encoding: 'utf8' });
  const files = stdout.split('\n');
  expect(files).toContain('package/schema/measure.json');
  expect(files).toContain('package/prebuilds/linux-x64/tscope.node');
  expect(files).toContain('package/LICENSE');
  expect(files.filter((name) => /^package\/(test|src|node_modules|\.ci)\//.test(name))).toEqual([]);
});

test('a program can calibrate and keep a clock of its own', () => {
  const script = `
    import { calibrate, TscClock } from 'tscope';
    console.log(typeof calibrate, typeof TscClock);`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: elsewhere,
    encoding: 'utf8',
  });
  expect(run.stdout.trim()).toBe('function function');
});
