import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const page = (name: string) => readFileSync(join(ROOT, 'build/docs-pages', name), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('the pages of the site are gathered, and no link leads to a file that is not there', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/docs/build.mjs', '--pages'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(page('commands/calibrate.md')).toContain('--duration');
  expect(page('metrics.md')).toContain('| `tscope_kernel_clock_max_error_seconds` | gauge |');
  expect(page('json/calibrate.md')).toContain('| `result.tscHz` | number |');
  expect(page('methods/model.md')).not.toMatch(/\]\((?!https?:|#)/);
});

test('each schema has the address that it is published under', () => {
  const { $id } = JSON.parse(readFileSync(join(ROOT, 'schema/host.json'), 'utf8'));
  expect($id).toBe('https://github.com/tscope/tscope/blob/main/schema/host.json');
});

test('the release runs only scripts that there are', () => {
  const workflow = readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8');
  const files = workflow.match(/scripts\/[\w/.-]+\.mjs/g) ?? [];
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  for (const [, name] of workflow.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty(name ?? '');
  expect(workflow).toContain('npm publish --provenance');
});
