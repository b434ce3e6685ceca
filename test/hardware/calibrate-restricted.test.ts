import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CALIBRATE = ['calibrate', '--duration', '50ms', '--json'];
const NOBODY = { uid: 65_534, gid: 65_534 };

interface Answer {
  readonly result: {
    readonly tscHz: number;
    readonly tscHzLow: number;
    readonly tscHzHigh: number;
    readonly trueRateReason: string;
    readonly kernelReason: string | null;
    readonly claims: ReadonlyArray<{ source: string; hz: number | null; reason: string }>;
    readonly cpus: ReadonlyArray<{ cpu: number; reason: string | null }>;
  };
}

/** Runs a command that must succeed, and checks the main result of what it prints. */
function calibrateBy(command: string, args: readonly string[], options: object = {}): Answer['result'] {
  const child = spawnSync(command, args, { encoding: 'utf8', ...options });
  expect(child.stderr).not.toMatch(/^\s+at /m);
  expect(child.status, child.stderr).toBe(0);
  const { result } = JSON.parse(child.stdout) as Answer;
  expect(result.tscHz).toBeGreaterThan(1e8);
  expect(result.tscHzLow).toBeLessThanOrEqual(result.tscHz);
  expect(result.tscHzHigh).toBeGreaterThanOrEqual(result.tscHz);
  return result;
}

const isRoot = process.getuid?.() === 0;
const works = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

describe.runIf(isRoot)('without privileges', () => {
  test('nobody gets the rate, and a reason for each source that is closed to them', () => {
    const { claims } = calibrateBy(process.execPath, [MAIN, ...CALIBRATE], NOBODY);
    const closed = claims.filter(({ hz }) => hz === null);
    expect(closed.length).toBeGreaterThan(0);
    for (const { reason } of closed) expect(reason).toMatch(/\S/);
  });

  test.runIf(works('unshare', '-m', 'true'))(
    'without /proc and /sys the rate is the same, and they are named',
    () => {
      const hide = 'mount -t tmpfs none /proc && mount -t tmpfs none /sys && exec "$@"';
      const result = calibrateBy('unshare', [
        '-m',
        'sh',
        '-c',
        hide,
        'sh',
        process.execPath,
        MAIN,
        ...CALIBRATE,
      ]);
      expect(result.kernelReason).toContain('current_clocksource');
      expect(result.claims.find(({ source }) => source.startsWith('/proc/cpuinfo'))?.reason).toContain(
        'ENOENT',
      );
    },
  );
});

test.runIf(isRoot && works('unshare', '-n', 'true'))(
  'without a network, and so without a loopback interface, the rate is measured and chronyd named',
  () => {
    const { trueRateReason } = calibrateBy('unshare', ['-n', process.execPath, MAIN, ...CALIBRATE]);
    expect(trueRateReason).toContain('chronyd: the network is not reachable (ENETUNREACH)');
  },
);

test.runIf(works('taskset', '-c', '0', 'true'))('CPUs that may not be used are skipped and named', () => {
  const { cpus } = calibrateBy('taskset', ['-c', '0', process.execPath, MAIN, ...CALIBRATE]);
  expect(cpus[0]?.cpu).toBe(0);
  for (const { reason } of cpus.slice(1)) expect(reason).toContain('may not run there');
});

describe.runIf(works('g++', '--version'))('with adjtimex forbidden', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-adjtimex-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the true rate names it, and the rest is there', () => {
    const [source, library] = [join(folder, 'stub.cc'), join(folder, 'stub.so')];
    writeFileSync(
      source,
      '#include <cerrno>\nextern "C" int adjtimex(void*) { errno = EPERM; return -1; }\n',
    );
    expect(spawnSync('g++', ['-shared', '-fPIC', '-o', library, source]).status).toBe(0);
    const env = { ...process.env, LD_PRELOAD: library };
    const result = calibrateBy(process.execPath, [MAIN, ...CALIBRATE], { env });
    expect(result.trueRateReason).toContain('adjtimex: not permitted (EPERM)');
  });
});
