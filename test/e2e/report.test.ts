import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { endRun, startRun } from '../../src/store/runs.ts';
import { openStore } from '../../src/store/store.ts';
import { FIXTURE, fixtureDocument } from '../report/fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { expectRefused, type Run, type RunOptions, tscope } from './tscope.ts';

const folder = temporaryFolder();

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(folder, 'case-'));
});

const run = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  tscope(args, { cwd, ...options });
const page = (name = 'report.html'): string => readFileSync(join(cwd, name), 'utf8');

/** A store with one run that left a document and one that did not; their keys. */
function makeStore(file: string): { kept: string; samples: string } {
  const store = openStore(file);
  const host = { key: 'h', name: 'h', facts: null };
  const start = (command: string) =>
    startRun(store, { host, command, startedAtNs: 1_700_000_000_000_000_000n, options: null });
  const kept = start('measure');
  endRun(store, kept.id, 1_700_000_001_000_000_000n, readFileSync(FIXTURE, 'utf8'));
  const samples = start('agent');
  store.close();
  return { kept: kept.key, samples: samples.key };
}

test('a run folder, its document, and its name under tscope-runs give the same page', async () => {
  mkdirSync(join(cwd, 'tscope-runs/one'), { recursive: true });
  copyFileSync(FIXTURE, join(cwd, 'tscope-runs/one/run.json'));
  for (const name of ['one', 'tscope-runs/one', 'tscope-runs/one/run.json']) {
    const { code, stdout } = await run(['report', name, '--out', 'page.html']);
    expect(code).toBe(0);
    expect(stdout).toContain('Written: page.html');
    expect(page('page.html')).toContain('</html>');
  }
});

test('it needs no addon: a run can be read on any machine', async () => {
  const { code } = await run(['report', FIXTURE], { nodeFlags: ['--no-addons'] });
  expect(code).toBe(0);
  expect(page()).toContain('id="stops"');
});

test('--json says what was written', async () => {
  const { stdout } = await run(['report', FIXTURE, '--json']);
  const { schema, result } = JSON.parse(stdout);
  expect(schema).toBe('tscope/report/1');
  expect(result).toMatchObject({ page: 'report.html', bytes: Buffer.byteLength(page()) });
  expect(result.parts).toEqual(['host', 'calibrate', 'timer', 'drift', 'stop', 'kvm']);
});

test('the document of one command, from standard input, makes a page of that part', async () => {
  const { result, ...envelope } = fixtureDocument() as { result: { drift: object } };
  const input = JSON.stringify({ ...envelope, schema: 'tscope/drift/1', result: result.drift });
  const { code } = await run(['report', '-'], { input });
  expect(code).toBe(0);
  expect(page()).toContain('id="drift"');
  expect(page()).not.toContain('id="stops"');
});

test('a run in a store is found by its name or the beginning of it', async () => {
  const { kept, samples } = makeStore(join(cwd, 'a.db'));
  expect((await run(['report', kept, '--db', 'a.db'])).code).toBe(0);
  expect(page()).toContain('id="stops"');
  expectRefused(await run(['report', samples, '--db', 'a.db']), samples, 'keeps samples and no document');
});

test('the page never replaces the document that it is made from', async () => {
  const document = join(cwd, 'run.json');
  copyFileSync(FIXTURE, document);
  expectRefused(await run(['report', 'run.json', '--out', './run.json']), '--out', 'the document itself');
  expect(readFileSync(document)).toEqual(readFileSync(FIXTURE));
});

test('what is no document is refused in a sentence, and no page is left', async () => {
  writeFileSync(join(cwd, 'text'), 'hello');
  writeFileSync(join(cwd, 'other.json'), '{"a":1}');
  writeFileSync(join(cwd, 'new.json'), '{"schema":"tscope/measure/2"}');
  writeFileSync(join(cwd, 'replay.json'), '{"schema":"tscope/replay/1"}');
  mkdirSync(join(cwd, 'empty'));
  expectRefused(await run(['report', 'none']), 'none', 'no such document');
  expectRefused(await run(['report', '']), 'no such document');
  expectRefused(await run(['report', 'empty']), 'empty', 'no such document');
  expectRefused(await run(['report', 'text']), 'text is not JSON');
  expectRefused(await run(['report', 'other.json']), 'other.json is not a document of tscope');
  expectRefused(await run(['report', 'new.json']), 'version 2', 'newer');
  expectRefused(await run(['report', 'replay.json']), 'a document of tscope replay');
  expectRefused(await run(['report']), "'run'");
  expect(existsSync(join(cwd, 'report.html'))).toBe(false);
});

test('compare: a run against itself has not changed; against a faster TSC it has', async () => {
  const document = fixtureDocument() as { result: { calibrate: { kernel: { hz: number } } } };
  document.result.calibrate.kernel.hz *= 1.000_01;
  writeFileSync(join(cwd, 'faster.json'), JSON.stringify(document));
  const same = await run(['compare', FIXTURE, FIXTURE]);
  expect(same.code).toBe(0);
  expect(same.stdout).toContain('No figure changed by more than the run-to-run spread.');
  const { stdout } = await run(['compare', FIXTURE, 'faster.json', '--json', '--out', 'c.json'], {
    nodeFlags: ['--no-addons'],
  });
  expect(readFileSync(join(cwd, 'c.json'), 'utf8')).toBe(stdout);
  const { result } = JSON.parse(stdout);
  const changed = result.quantities.filter(({ judgement }: { judgement: string }) => judgement === 'changed');
  expect(changed).toHaveLength(1);
  expect(changed[0]).toMatchObject({ part: 'calibrate', unit: 'hz' });
  expect(changed[0].difference).toBeCloseTo(1e-5, 8);
});

test('compare needs two documents', async () => {
  expectRefused(await run(['compare']), "'runs'");
  expectRefused(await run(['compare', FIXTURE]), 'one run was given', '--');
  expectRefused(await run(['compare', FIXTURE, FIXTURE, FIXTURE]), '3 runs were given');
  const sides = await run(['compare', FIXTURE, FIXTURE, '--json', '--', FIXTURE]);
  const { runs } = JSON.parse(sides.stdout).result;
  expect([runs.a.length, runs.b.length]).toEqual([2, 1]);
  expectRefused(await run(['compare', FIXTURE, 'none']), 'none');
});
