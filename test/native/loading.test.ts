import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { loadAddon } from '../../src/native.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const ADDON = join(import.meta.dirname, '../../build/Release/tscope.node');
const folder = temporaryFolder();

const code = (code: string) => expect.objectContaining({ name: 'TscopeError', code });

test('an addon that is not built says how to build it', () => {
  const load = () => loadAddon([join(folder, 'none.node')], null);
  expect(load).toThrow(code('ADDON_NOT_BUILT'));
  expect(load).toThrow(expect.objectContaining({ hint: expect.stringContaining('npm run build:native') }));
});

test('an addon built from other sources is stale', () => {
  expect(() => loadAddon([ADDON], '0123456789abcdef')).toThrow(code('ADDON_STALE'));
});

test('an addon without sources beside it cannot be stale', () => {
  expect(loadAddon([ADDON], null).clockResolution(1)).toBeGreaterThan(0n);
});

test('an addon for another architecture is named as such', () => {
  const file = join(folder, 'arm64.node');
  // A minimal ELF header for AArch64 (e_machine 183).
  const elf = Buffer.alloc(64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(3, 16);
  elf.writeUInt16LE(183, 18);
  elf.writeUInt32LE(1, 20);
  writeFileSync(file, elf);
  expect(() => loadAddon([file], null)).toThrow(code('ADDON_WRONG_ARCHITECTURE'));
});

test('a file that is no addon is damaged', () => {
  const file = join(folder, 'text.node');
  writeFileSync(file, 'not a shared object, and long enough');
  expect(() => loadAddon([file], null)).toThrow(code('ADDON_BROKEN'));
  expect(() => loadAddon([file], null)).toThrow(`${file} is damaged: it is not an addon.`);
});

test('an addon that needs a library which is missing names the library, not another architecture', () => {
  const [file, needed, gone] = ['needs.node', 'libgone.so.7', 'libgone.c'].map((name) => join(folder, name));
  writeFileSync(`${gone}`, 'int gone(void) { return 1; }');
  execFileSync('gcc', ['-shared', '-fPIC', '-Wl,-soname,libgone.so.7', '-o', `${needed}`, `${gone}`]);
  writeFileSync(join(folder, 'needs.c'), 'int gone(void); int needs(void) { return gone(); }');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', `${file}`, join(folder, 'needs.c'), `${needed}`]);
  rmSync(`${needed}`);
  expect(() => loadAddon([`${file}`], null)).toThrow(code('ADDON_BROKEN'));
  expect(() => loadAddon([`${file}`], null)).toThrow(
    `${file} needs libgone.so.7, which is not installed here.`,
  );
});

test('a path from the working folder is taken from there', () => {
  const file = relative(process.cwd(), ADDON);
  expect(loadAddon([file], null).clockResolution(1)).toBeGreaterThan(0n);
});

const RUN = `
  const { loadAddon, nativeWithTsc } = await import(process.argv[1]);
  try { process.argv[2] ? loadAddon([process.argv[2]], null) : nativeWithTsc(); console.log('loaded'); }
  catch (error) { console.log(error.code ?? error.message); }`;
const DIST = join(import.meta.dirname, '../../dist/native.js');

function inChild(flags: string[], env: NodeJS.ProcessEnv = {}, ...args: string[]): string {
  const child = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', RUN, DIST, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return child.stdout.trim();
}

test('with --no-addons the error names the flag', () => {
  expect(inChild(['--no-addons'])).toBe('ADDON_DISABLED');
});

test('where rdtsc is forbidden the error says so, and nothing faults', () => {
  // What prctl(PR_GET_TSC) answers in such a process; a real one would fault in the vDSO before Node starts.
  const source = join(folder, 'forbid.c');
  const library = join(folder, 'forbid.so');
  writeFileSync(
    source,
    `#include <stdarg.h>
     #include <sys/prctl.h>
     #include <sys/syscall.h>
     #include <unistd.h>
     int prctl(int option, ...) {
       va_list list; va_start(list, option); unsigned long a = va_arg(list, unsigned long); va_end(list);
       if (option == PR_GET_TSC) { *(int *)a = PR_TSC_SIGSEGV; return 0; }
       return syscall(SYS_prctl, option, a, 0, 0, 0);
     }`,
  );
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source]);
  expect(inChild([], { LD_PRELOAD: [process.env['LD_PRELOAD'], library].filter(Boolean).join(':') })).toBe(
    'TSC_FORBIDDEN',
  );
});

test.each([
  ['arch', 'arm64', 'NOT_X86_64'],
  ['platform', 'darwin', 'NOT_LINUX'],
])('on another %s (%s) the error is %s', (property, value, expected) => {
  const preload = join(folder, `${value}.mjs`);
  writeFileSync(preload, `Object.defineProperty(process, '${property}', { value: '${value}' });`);
  expect(inChild(['--import', preload])).toBe(expected);
});

test('a missing compiler, make or python3 is named, with the package to install', () => {
  const script = join(import.meta.dirname, '../../scripts/build-native.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { PATH: folder },
  });
  expect(status).toBe(1);
  expect(
    stderr
      .trim()
      .split('\n')
      .map((line) => line.split('apt-get install ')[1]),
  ).toEqual(['g++', 'make', 'python3']);
});

test('a copy of the addon elsewhere loads as well', () => {
  const copy = join(folder, 'copy.node');
  copyFileSync(ADDON, copy);
  expect(inChild([], {}, copy)).toBe('loaded');
});
