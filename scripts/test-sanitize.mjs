// Builds the addon with the address and undefined-behaviour sanitizers in a copy of this tree, and runs there every
// test that calls it. The sanitized addon never lands in build/.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SANITIZERS = '-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g';
const TESTS =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['test/native', 'test/hardware/native', 'test/hardware/kvm'];

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'tscope-sanitize-'));
const parts = [
  'package.json',
  'binding.gyp',
  'vitest.config.ts',
  'tsconfig.json',
  'native',
  'scripts',
  'src',
  'test',
  'dist',
];
const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const run = (args, env) =>
  spawnSync(process.execPath, args, { cwd: copy, stdio: 'inherit', env: { ...process.env, ...env } })
    .status ?? 1;

try {
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const build = run(['scripts/build-native.mjs'], { CXXFLAGS: SANITIZERS, LDFLAGS: SANITIZERS });
  process.exitCode =
    build ||
    run(['node_modules/vitest/vitest.mjs', 'run', ...TESTS], {
      LD_PRELOAD: [library('libasan.so'), library('libubsan.so')].join(':'),
      // Node itself frees little at exit.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    });
} finally {
  rmSync(copy, { recursive: true, force: true });
}
