import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { type Run, tscope } from './tscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'tscope-e2e-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = Object.keys(commands);
const DRIFT = ['drift', '--duration', '40ms', '--interval', '10ms'];

/** What a user sees of a mistake: one sentence that names `words`, a hint perhaps, never a stack trace. */
function expectUsageError({ code, stdout, stderr }: Run, ...words: string[]): void {
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).toMatch(/^tscope: .+\n( {2}.+\n)?$/);
  expect(stderr).not.toMatch(/\n {4}at /);
}

test('--help lists every command and the exit codes', async () => {
  const { code, stdout } = await tscope(['--help']);
  expect(code).toBe(0);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^ +${name}\\b`, 'm'));
  for (const word of ['70 a defect', '130 interrupted']) expect(stdout).toContain(word);
});

test.each(names)('%s --help teaches', async (name) => {
  const { code, stdout } = await tscope([name, '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: tscope ${name}`);
  expect(stdout).toContain('--json');
});

test('tscope alone, tscope help and tscope --help are the same', async () => {
  const [alone, help, flag] = await Promise.all([tscope([]), tscope(['help']), tscope(['--help'])]);
  expect(alone).toMatchObject({ code: 0, stderr: '', stdout: flag.stdout });
  expect(help.stdout).toBe(flag.stdout);
});

test('help COMMAND is COMMAND --help', async () => {
  const [help, flag] = await Promise.all([tscope(['help', 'drift']), tscope(['drift', '--help'])]);
  expect(help).toMatchObject({ code: 0, stdout: flag.stdout });
});

test('bash completes commands and flags', async () => {
  const { code, stdout } = await tscope(['completion', 'bash']);
  expect(code).toBe(0);
  const complete = (...words: string[]) =>
    spawnSync('bash', [
      '-c',
      `${stdout}\nCOMP_WORDS=(tscope "$@"); COMP_CWORD=$#; _tscope; echo "\${COMPREPLY[*]}"`,
      'bash',
      ...words,
    ]).stdout.toString();
  expect(complete('st')).toBe('stop stability\n');
  expect(complete('help', 'ca')).toBe('calibrate\n');
  expect(complete('timer', '--pe')).toBe('--period\n');
  expect(complete('completion', 'z')).toBe('zsh\n');
});

test.each(['zsh', 'fish'])('%s has every command and every flag', async (shell) => {
  const { stdout } = await tscope(['completion', shell]);
  for (const word of [...names, 'yes-really', 'estimators', 'token-file']) expect(stdout).toContain(word);
});

test.each([
  [['mesure'], ['mesure']],
  [['--verbose'], ['--verbose']],
  [['drift', '--nonsense'], ['--nonsense']],
  [['drift', '--duration'], ['--duration']],
  [
    ['drift', '--duration', '5'],
    ['--duration', 'a number and a unit'],
  ],
  [['drift', '--duration', '-5s'], ['--duration']],
  [['drift', '--duration', 'NaNs'], ['--duration']],
  [
    ['drift', '--duration', '99999999999d'],
    ['--duration', '292 years'],
  ],
  [
    ['drift', '--interval', '1ns'],
    ['--interval', '1ms to 1h'],
  ],
  [['drift', '--duration', '10ms', '--interval', '1h'], ['--interval']],
  [
    ['drift', '--clocks', 'tsc,sundial'],
    ['--clocks', 'sundial', 'monotonic_raw'],
  ],
  [['drift', '--clocks', ''], ['--clocks']],
  [['drift', '--reference', 'tsc'], ['--reference']],
  [['drift', '--clocks', 'monotonic', '--reference', 'monotonic'], ['--clocks']],
  [['drift', 'extra'], ['argument']],
  [
    ['completion', 'tcsh'],
    ['tcsh', 'bash, zsh, fish'],
  ],
  [['constructor'], ['constructor']],
  [['__proto__'], ['__proto__']],
])('%j is a usage error', async (args, words) => {
  expectUsageError(await tscope(args), ...words);
});

test('--json prints one document and nothing else', async () => {
  const { code, stdout } = await tscope([...DRIFT, '--json']);
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ schema: 'tscope/drift/1', tool: { name: 'tscope' } });
  expect(Date.parse(document.startedAt)).not.toBeNaN();
});

test('progress is for terminals: a pipe sees none', async () => {
  const { stderr } = await tscope(DRIFT);
  expect(stderr).not.toContain('\r');
});

test('--out writes the document beside the text', async () => {
  const file = join(folder, 'drift.json');
  const { code, stdout } = await tscope([...DRIFT, '--out', file]);
  expect(code).toBe(0);
  expect(stdout).toContain('Drift over');
  expect(JSON.parse(readFileSync(file, 'utf8')).schema).toBe('tscope/drift/1');
});

test.each(['/nowhere/at/all.json', '/proc/none.json', '.', ''])(
  '--out %j is refused before measuring',
  async (out) => {
    const run = await tscope(['drift', '--duration', '1h', '--out', out], { cwd: folder });
    expectUsageError(run, '--out');
  },
);

test('a full disk loses nothing: the result is printed, the error follows', async () => {
  const { code, stdout, stderr } = await tscope([...DRIFT, '--json', '--out', '/dev/full']);
  expect(code).toBe(2);
  expect(stderr).toContain('ENOSPC');
  expect(JSON.parse(stdout).result.pairs).toHaveLength(3);
});

test('a failed --out leaves the old file as it was, and no part of a new one', async () => {
  const kept = join(folder, 'kept');
  mkdirSync(kept);
  writeFileSync(join(kept, 'old.json'), 'old');
  chmodSync(join(kept, 'old.json'), 0o444);
  if (process.getuid?.() === 0) return;
  expectUsageError(await tscope([...DRIFT, '--out', join(kept, 'old.json')]), 'EACCES');
  expect(readdirSync(kept)).toEqual(['old.json']);
});

test('a closed stdout is no error', () => {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  const script = `${process.execPath} ${main} ${DRIFT.join(' ')} --json 2>&1 >&3 | cat >&2; exit \${PIPESTATUS[0]}`;
  const { status, stderr } = spawnSync('bash', ['-c', `{ ${script}; } 3>&1 | head -1 >/dev/null; exit 0`], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stderr).not.toMatch(/EPIPE| {4}at /);
});

test('Ctrl-C keeps what was measured and exits with 130', async () => {
  const kill = { signal: 'SIGINT', afterMs: 700 } as const;
  const { code, stdout } = await tscope(['drift', '--duration', '1h', '--interval', '10ms', '--json'], {
    kill,
  });
  expect(code).toBe(130);
  const { result } = JSON.parse(stdout);
  expect(result.pairs[0].samples).toBeGreaterThan(0);
  expect(result.durationNs).toBeLessThan(60e9);
});

test('TSCOPE_DEBUG=1 shows where an error comes from', async () => {
  const { stderr } = await tscope(['drift', '--duration', '5'], {
    env: { ...process.env, TSCOPE_DEBUG: '1' },
  });
  expect(stderr).toMatch(/ {4}at /);
});

test('without addons, measuring is refused with exit code 3 and what still works', async () => {
  const { code, stderr } = await tscope(DRIFT, { nodeFlags: ['--no-addons'] });
  expect(code).toBe(3);
  expect(stderr).toContain('--no-addons');
  expect(stderr).toContain('`stability`');
});

test.runIf(process.getuid?.() === 0)('as nobody, drift works without privilege', async () => {
  const { code, stderr } = await tscope([...DRIFT, '--json'], { uid: 65534, gid: 65534, cwd: '/' });
  expect(stderr).not.toMatch(/EACCES| {4}at /);
  expect(code).toBe(0);
});

test('nothing was left behind', () => {
  expect(existsSync(join(folder, 'tscope-runs'))).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('--db keeps the run, its samples and its document; a store that cannot be is refused before measuring', async () => {
  const db = join(folder, 'kept.db');
  expect((await tscope([...DRIFT, '--db', db])).code).toBe(0);
  const { runs } = JSON.parse((await tscope(['runs', '--db', db, '--json'])).stdout).result;
  expect(runs).toMatchObject([{ command: 'drift', pairs: 3, document: true }]);
  expect(runs[0].samples).toBeGreaterThan(0);
  expect(runs[0].endedAt).not.toBeNull();

  const broken = join(folder, 'broken.db');
  writeFileSync(broken, 'this is no database, and long enough to be read as one'.repeat(40));
  expectUsageError(await tscope(['drift', '--duration', '1h', '--db', broken]), 'broken.db');
});
