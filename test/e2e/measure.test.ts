import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { expectRefused, tscope, validate } from './tscope.ts';

const folder = temporaryFolder();

test('measure --quick ends in time, validates, and leaves the document and a page of its own', async () => {
  const run = await tscope(['measure', '--quick', '--json', '--out', 'run'], { cwd: folder });
  expect(run.stderr).not.toMatch(/ {4}at /);
  expect(run.code).toBe(0);
  expect(run.ms).toBeLessThan(15_000);
  const document = JSON.parse(run.stdout);
  expect(validate(document)).toBeNull();
  expect(readFileSync(join(folder, 'run/run.json'), 'utf8')).toBe(run.stdout);
  const page = readFileSync(join(folder, 'run/report.html'), 'utf8');
  expect(page).toContain(document.host.hostname);
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(statSync(join(folder, 'run/report.html')).size).toBeLessThan(600_000);
}, 60_000);

test('a second run does not overwrite the first', async () => {
  const run = await tscope(['measure', '--quick', '--out', 'run'], { cwd: folder });
  expectRefused(run, 'holds a run already');
});

test('Ctrl-C keeps the parts that were measured, names those that were not, and exits with 130', async () => {
  const kill = { signal: 'SIGINT', once: 'listening', afterMs: 2_500 } as const;
  const { code, stdout } = await tscope(['measure', '--json', '--out', 'cut'], { cwd: folder, kill });
  expect(code).toBe(130);
  const document = JSON.parse(stdout);
  expect(validate(document)).toBeNull();
  expect(document.result.calibrate.samples).toBeGreaterThan(0);
  expect(document.result.skipped.length).toBeGreaterThan(0);
  expect(existsSync(join(folder, 'cut/report.html'))).toBe(true);
});

test('a folder that cannot be made is refused before measuring', async () => {
  const run = await tscope(['measure', '--out', '/proc/none'], { cwd: folder });
  expectRefused(run, '/proc/none');
  expect(run.ms).toBeLessThan(5_000);
});

test('the default folder is named by the time', async () => {
  const kill = { signal: 'SIGINT', once: 'listening', afterMs: 1_500 } as const;
  const { stdout } = await tscope(['measure', '--quick'], { cwd: folder, kill });
  const [name = ''] = readdirSync(join(folder, 'tscope-runs'));
  expect(name).toMatch(/^\d{8}-\d{6}$/);
  expect(stdout).toContain(`tscope-runs/${name}/run.json`);
});
