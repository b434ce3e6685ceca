import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
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

const inPackage = (args: string[]) => spawnSync(process.execPath, args, { cwd: elsewhere, encoding: 'utf8' });

const ENTRIES = {
  tscope: 'typeof m.calibrate + typeof m.hostFacts + typeof m.TscClock',
  'tscope/clock': 'typeof new m.TscClock().now()',
  'tscope/lapic': 'm.policyNames.includes("clamp") + typeof m.LapicTimer',
  'tscope/stability': `m.analyseStability(m.phaseSeries(Float64Array.of(0, 1, 0, 1), 1), {
    estimators: ['adev'], taus: [1], confidence: 0.95 })[0].statistics.get('adev').value`,
};

test.each(Object.entries(ENTRIES))('%s is imported and required', (entry, expression) => {
  const imported = inPackage([
    '--input-type=module',
    '-e',
    `import * as m from '${entry}'; console.log(${expression});`,
  ]);
  expect(imported).toMatchObject({ status: 0, stderr: '' });
  const required = inPackage([
    '--no-warnings',
    '-e',
    `const m = require('${entry}'); console.log(${expression});`,
  ]);
  expect(required).toMatchObject({ status: 0, stderr: '', stdout: imported.stdout });
});

/** Writes the address of each file that is loaded. */
const LOADED = `import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  if (url.startsWith('file:')) writeSync(1, url.replace(/.*\\/dist\\//, '') + '\\n');
  return next(url, context);
}`;

test('tscope/clock is one file beside the errors, which every entry point shares: a module costs time to load', () => {
  const { stdout } = inPackage([
    '--input-type=module',
    '-e',
    `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(LOADED)}));
    const clock = await import('tscope/clock');
    const { TscopeError } = await import('tscope');
    console.log(clock.TscopeError === TscopeError);`,
  ]);
  expect(stdout.split('\n').slice(0, 3)).toEqual(['clock.js', 'errors.js', 'exports/index.js']);
  expect(stdout).toMatch(/\ntrue\n$/);
});

test('the types serve a program without @types/node and without lib esnext', () => {
  const program = `
    import { TscClock } from 'tscope/clock';
    import { LapicTimer, policies } from 'tscope/lapic';
    import { analyseStability, phaseSeries } from 'tscope/stability';
    const clock: bigint = new TscClock({ anchorEveryMs: 100 }).now();
    const points: number = analyseStability(phaseSeries(new Float64Array(9), 1), { estimators: ['adev'], taus: 'octave', confidence: 0.95 }).length;
    export { clock, LapicTimer, points, policies };`;
  writeFileSync(join(elsewhere, 'program.ts'), program);
  const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', lib: ['es2022'], types: [] };
  writeFileSync(join(elsewhere, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  const { stdout } = inPackage([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  expect(stdout).toBe('');
});

test.each(['esm', 'cjs'] as const)(
  'bundled as %s, the clock runs with the addon of the package, and with one deployed beside it',
  (format) => {
    const outfile = join(elsewhere, 'bundle', format === 'esm' ? 'program.mjs' : 'program.cjs');
    const contents = `
    import { TscClock } from 'tscope/clock';
    const clock = new TscClock();
    console.log(clock.now() > 0n);
    clock.close();`;
    const { errors } = buildSync({
      stdin: { contents, resolveDir: elsewhere },
      bundle: true,
      platform: 'node',
      format,
      outfile,
      logLevel: 'silent',
    });
    expect(errors).toEqual([]);
    expect(inPackage([outfile])).toMatchObject({ status: 0, stderr: '', stdout: 'true\n' });

    const deployed = mkdtempSync(join(tmpdir(), 'tscope-deployed-'));
    cpSync(outfile, join(deployed, basename(outfile)));
    cpSync(join(elsewhere, 'node_modules/tscope/prebuilds'), join(deployed, 'prebuilds'), {
      recursive: true,
    });
    expect(inPackage([join(deployed, basename(outfile))])).toMatchObject({ status: 0, stdout: 'true\n' });
    rmSync(deployed, { recursive: true });
  },
);
