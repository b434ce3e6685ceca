import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/program.ts';
import { fixtureDocument } from '../report/fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { expectRefused, MAIN, tscope } from './tscope.ts';

const folder = temporaryFolder();

const names = Object.keys(commands);
const DRIFT = ['drift', '--duration', '40ms', '--interval', '10ms'];

/** A script of bash, in which TSCOPE is a short run of the command. */
const shell = (script: string) =>
  spawnSync('bash', ['-c', script.replaceAll('TSCOPE', `${process.execPath} ${MAIN} ${DRIFT.join(' ')}`)], {
    encoding: 'utf8',
  });

test('--help lists every command and the exit codes', async () => {
  const { code, stdout } = await tscope(['--help']);
  expect(code).toBe(0);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^ +${name.split(' ')[0]}\\b`, 'm'));
  for (const word of ['70 a defect', '130 interrupted']) expect(stdout).toContain(word);
});

test.each(names)('%s --help teaches', async (name) => {
  const { code, stdout } = await tscope([...name.split(' '), '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: tscope ${name}`);
  expect(stdout).toContain('--json');
});

test('tscope alone, tscope help and tscope --help are the same', async () => {
  const [alone, help, flag] = await Promise.all([tscope([]), tscope(['help']), tscope(['--help'])]);
  expect(alone).toMatchObject({ code: 0, stderr: '', stdout: flag.stdout });
  expect(help.stdout).toBe(flag.stdout);
});

test.each([
  ['help drift', 'drift --help'],
  ['help fleet', 'fleet --help'],
  ['help fleet hosts', 'fleet hosts --help'],
  ['fleet help hosts', 'fleet hosts --help'],
  ['fleet help', 'fleet --help'],
  ['help completion', 'completion --help'],
  ['help help', '--help'],
])('tscope %s is tscope %s', async (asked, as) => {
  const [help, flag] = await Promise.all([tscope(asked.split(' ')), tscope(as.split(' '))]);
  expect(flag.stdout).toContain(`Usage: tscope ${as.replace(/ ?--help/, '')}`);
  expect(help).toMatchObject({ code: 0, stdout: flag.stdout, stderr: '' });
});

test.each(['mesure', 'fleet dance', 'host extra'])('help for %s is refused', async (name) => {
  const run = await tscope(['help', ...name.split(' ')]);
  expectRefused(run, `there is no command '${name}' to help with.`);
});

test.each([
  ['nosuch', "unknown command 'nosuch'."],
  [
    'fleet nosuch',
    "tscope fleet has no command 'nosuch'; it has hosts, host, outliers, events, kernels, init, collect.",
  ],
])('no flag makes %s a command', async (name, sentence) => {
  const words = name.split(' ');
  const refused = await tscope(words);
  expectRefused(refused, `tscope: ${sentence}`);
  for (const flag of ['--help', '-h', '--version', '--nonsense']) {
    expect(await tscope([...words, flag])).toMatchObject({ code: 2, stdout: '', stderr: refused.stderr });
  }
});

test('a word after the flags of a group is told what its commands are', async () => {
  expectRefused(
    await tscope(['fleet', '--db', 'x', 'nosuch']),
    "tscope: too many arguments for 'fleet'. Expected 0 arguments but got 1; its commands are hosts, host, ",
  );
});

test('flags before a command of a group are refused, not dropped', async () => {
  expectRefused(
    await tscope(['fleet', '--db', 'x', 'hosts']),
    'tscope: give the flags after `tscope fleet hosts`.\n  `tscope fleet hosts --help` shows what is accepted.',
  );
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
  for (const word of [...names.flatMap((name) => name.split(' ')), 'yes-really', 'estimators', 'token-file'])
    expect(stdout).toContain(word);
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
  expectRefused(await tscope(args), ...words);
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
  expect(stdout).toMatch(/^Over \d+ ms, a sample every /m);
  expect(JSON.parse(readFileSync(file, 'utf8')).schema).toBe('tscope/drift/1');
});

test.each(['/nowhere/at/all.json', '/proc/none.json', '.', ''])(
  '--out %j is refused before measuring',
  async (out) => {
    const run = await tscope(['drift', '--duration', '1h', '--out', out], { cwd: folder });
    expectRefused(run, '--out');
  },
);

test('a full disk loses nothing: the result is printed, the error follows', async () => {
  const { code, stdout, stderr } = await tscope([...DRIFT, '--json', '--out', '/dev/full']);
  expect(code).toBe(2);
  expect(stderr).toContain('ENOSPC');
  expect(JSON.parse(stdout).result.pairs).toHaveLength(3);
});

/** Somebody without any right; only root can become one. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

test('a file that may not be written is refused before measuring, and stays as it was', async () => {
  const kept = mkdtempSync(join(tmpdir(), 'tscope-kept-'));
  chmodSync(kept, 0o777);
  const old = join(kept, 'old.json');
  writeFileSync(old, 'old');
  chmodSync(old, 0o444);
  expectRefused(await tscope([...DRIFT, '--out', old], nobody), 'access denied (EACCES)', old);
  expect(readFileSync(old, 'utf8')).toBe('old');
  expect(readdirSync(kept)).toEqual(['old.json']);
  rmSync(kept, { recursive: true });
});

test('--out writes through a symbolic link, and keeps the mode', async () => {
  const [real, link] = [join(folder, 'real.json'), join(folder, 'link.json')];
  writeFileSync(real, 'old');
  chmodSync(real, 0o600);
  symlinkSync('real.json', link);
  expect((await tscope([...DRIFT, '--out', link])).code).toBe(0);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(real, 'utf8')).schema).toBe('tscope/drift/1');
  expect(statSync(real).mode & 0o7777).toBe(0o600);
});

test('--out makes the file that a dangling link names', async () => {
  symlinkSync('made.json', join(folder, 'dangling.json'));
  expect((await tscope([...DRIFT, '--out', join(folder, 'dangling.json')])).code).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, 'made.json'), 'utf8')).schema).toBe('tscope/drift/1');
});

test('a link laid at any foreseeable name is never written through', async () => {
  const [own, victim] = [mkdtempSync(join(folder, 'own-')), join(folder, 'victim')];
  writeFileSync(victim, 'not yours');
  // The process id of the run to come is not known; of a thousand, one is likely met.
  for (let pid = process.pid; pid < process.pid + 1000; pid++)
    symlinkSync(victim, join(own, `out.json.${pid}.part`));
  expect((await tscope([...DRIFT, '--out', join(own, 'out.json')])).code).toBe(0);
  expect(readFileSync(victim, 'utf8')).toBe('not yours');
});

test('--out - is standard output', async () => {
  const { code, stdout } = await tscope([...DRIFT, '--out', '-'], { cwd: folder });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).schema).toBe('tscope/drift/1');
  expect(existsSync(join(folder, '-'))).toBe(false);
});

test('a closed stdout is no error', () => {
  const { stderr } = shell('TSCOPE --json | true; echo "exit $PIPESTATUS" >&2');
  expect(stderr).toMatch(/^exit 0$/m);
  expect(stderr).not.toMatch(/EPIPE| {4}at /);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s keeps what was measured, says that it was interrupted, and exits with 130',
  async (signal) => {
    const file = join(folder, `${signal}.json`);
    const args = ['drift', '--duration', '1h', '--interval', '10ms', '--json', '--out', file];
    const { code, stdout } = await tscope(args, { kill: { signal, once: 'sampling', afterMs: 1000 } });
    expect(code).toBe(130);
    const { result, warnings } = JSON.parse(stdout);
    expect(result.pairs[0].samples).toBeGreaterThan(0);
    expect(result.durationNs).toBeLessThan(60e9);
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'interrupted' }));
    expect(readFileSync(file, 'utf8')).toBe(stdout);
  },
);

test('npm passes Ctrl-C on a second time: the measurement is saved all the same', async () => {
  const run = tscope(['drift', '--duration', '1h', '--interval', '10ms', '--json'], {
    kill: { signal: 'SIGINT', once: 'sampling', afterMs: 1000, times: 3 },
  });
  expect(JSON.parse((await run).stdout).result.pairs[0].samples).toBeGreaterThan(0);
});

/** Commands that read, with a FIFO that nobody writes to in the place of their input. */
test.each([
  ['replay', ['FIFO']],
  ['stability', ['FIFO', '--tau0', '1']],
  ['report', ['FIFO']],
  ['compare', ['FIFO', 'FIFO']],
] as const)('%s ends by a signal while its input stalls', async (name, args) => {
  const own = mkdtempSync(join(folder, 'fifo-'));
  spawnSync('mkfifo', [join(own, 'FIFO')]);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const run = await tscope([name, ...args], { cwd: own, kill: { signal, afterMs: 700 } });
    // Before tscope listens, the signal itself ends the process.
    expect(run.code ?? run.signal, signal).toBe(run.code === null ? signal : 130);
    expect(run.ms).toBeLessThan(5_000);
  }
});

test('an import wants a file that can be read twice: a FIFO is refused at once', async () => {
  const fifo = join(folder, 'import.jsonl');
  spawnSync('mkfifo', [fifo]);
  const { code, stderr } = await tscope(['runs', '--import', fifo, '--db', join(folder, 'fifo.db')]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/import\.jsonl.*regular file/s);
});

test('a document that comes slowly, through a pipe that does not block, is waited for', () => {
  writeFileSync(join(folder, 'slow.json'), JSON.stringify(fixtureDocument()));
  // The O_NONBLOCK of one end is that of everybody who has it.
  const python = `
import os, subprocess, sys, time
r, w = os.pipe()
os.set_blocking(r, False)
child = subprocess.Popen([sys.argv[1], sys.argv[2], 'report', '-', '--out', 'slow.html'], stdin=r)
os.close(r)
data = open('slow.json', 'rb').read()
for at in range(0, len(data), 60000):
  time.sleep(0.3)
  os.write(w, data[at:at + 60000])
os.close(w)
sys.exit(child.wait())`;
  const { status, stderr } = spawnSync('python3', ['-c', python, process.execPath, MAIN], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('a document that is too large is refused by a sentence', async () => {
  const file = join(folder, 'huge.json');
  spawnSync('truncate', ['-s', '3G', file]);
  expectRefused(await tscope(['report', file, '--out', join(folder, 'no.html')]), 'larger than 64 MiB');
  rmSync(file);
});

test('what a file holds is shown to a terminal, and not obeyed', async () => {
  const { stderr } = await tscope(['drift', '--clocks', '\x1b]0;title\x07\x9b31mtsc']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test.
  expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(stderr).toContain('\\x1b]0;title\\x07\\x9b31mtsc');
});

test('a working folder that is gone is named', () => {
  const gone = mkdtempSync(join(folder, 'gone-'));
  expect(shell(`cd ${gone}; rmdir ${gone}; TSCOPE`)).toMatchObject({
    status: 2,
    stderr: 'tscope: The working folder is gone.\n  Change to a folder that exists, and try again.\n',
  });
});

test.each([19, 20, 21, 22, 24, 26, 28, 32])(
  'with %i open files it is a sentence, never a stack trace',
  (limit) => {
    const { status, stderr } = shell(`ulimit -n ${limit}; TSCOPE`);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^tscope: .*EMFILE.*\n {2}.*ulimit -n.*\n$/);
  },
);

test("Node's permission model: the flag that is missing is named", async () => {
  const flags = process.allowedNodeEnvironmentFlags.has('--permission')
    ? ['--permission']
    : ['--experimental-permission', '--no-warnings'];
  const run = await tscope(['stability', 'x.txt', '--tau0', '1'], {
    nodeFlags: [...flags, '--allow-fs-read=*', '--allow-addons', '--no-warnings'],
  });
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^tscope: .*permission model.*\n {2}.*--allow-worker\.\n$/);
});

test('nothing is written to a full device without a word', () => {
  for (const flags of ['', '--json']) {
    const { status, stderr } = shell(`TSCOPE ${flags} > /dev/full`);
    expect(status).toBe(2);
    expect(stderr).toContain('no space is left on the device (ENOSPC)');
  }
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
  expectRefused(await tscope(['drift', '--duration', '1h', '--db', broken]), 'broken.db');
});
