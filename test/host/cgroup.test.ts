import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { cpuGroups, parseCpuStat, throttlingBetween, throttlingNow } from '../../src/host/cgroup.ts';

const V2 = 'usage_usec 5\nnr_periods 100\nnr_throttled 7\nthrottled_usec 350000\n';
const V1 = 'nr_periods 100\nnr_throttled 3\nthrottled_time 150000000\n';

const V2_MOUNT = '29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const HYBRID_MOUNTS =
  '30 29 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n' +
  '33 29 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n' +
  '34 29 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n';

const everything = () => V1;

test('throttling is read in both versions; where the controller is not enabled there is none', () => {
  expect(parseCpuStat(V2)).toEqual({ times: 7, ns: 350_000_000 });
  expect(parseCpuStat(V1)).toEqual({ times: 3, ns: 150_000_000 });
  expect(parseCpuStat('usage_usec 5\nuser_usec 3\n')).toBeNull();
});

test('the groups above that of the process count, up to the mount', () => {
  expect(cpuGroups('0::/kubepods/pod1/c1\n', V2_MOUNT, everything)).toEqual([
    { version: 2, folder: '/sys/fs/cgroup/kubepods/pod1/c1' },
    { version: 2, folder: '/sys/fs/cgroup/kubepods/pod1' },
    { version: 2, folder: '/sys/fs/cgroup/kubepods' },
    { version: 2, folder: '/sys/fs/cgroup' },
  ]);
  expect(cpuGroups('0::/\n', V2_MOUNT, everything)).toEqual([{ version: 2, folder: '/sys/fs/cgroup' }]);
});

test('beside version 1 the controller is where a line names it', () => {
  const cgroup = '5:cpuset:/x\n4:cpu,cpuacct:/hunt:q\n0::/y\n';
  expect(cpuGroups(cgroup, HYBRID_MOUNTS, everything)).toEqual([
    { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct/hunt:q' },
    { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct' },
  ]);
  // Other controllers of version 1 say nothing of where this one is.
  expect(cpuGroups('5:cpuset:/x\n0::/y\n', HYBRID_MOUNTS, everything)[0]).toEqual({
    version: 2,
    folder: '/sys/fs/cgroup/unified/y',
  });
});

test('in a container the mount may show its own part of the hierarchy', () => {
  const docker = '34 29 0:31 /docker/a\\040b /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n';
  const own = [{ version: 1, folder: '/sys/fs/cgroup/cpu' }];
  expect(cpuGroups('4:cpu:/docker/a b\n', docker, everything)).toEqual(own);
  expect(cpuGroups('4:cpu:/elsewhere\n', docker, everything)).toEqual(own);
  const read = (path: string) => (path === '/sys/fs/cgroup/cpu.stat' ? V2 : null);
  expect(cpuGroups('0::/of/the/host\n', V2_MOUNT, read)).toEqual([{ version: 2, folder: '/sys/fs/cgroup' }]);
});

test('where nothing is mounted or no line fits there is no group', () => {
  expect(cpuGroups('', V2_MOUNT, everything)).toEqual([]);
  expect(cpuGroups('0::/\n', '', everything)).toEqual([]);
});

test('a quota of a group above is found, and the one that stopped it longest is named', () => {
  const stats: Record<string, string> = {
    '/a/b/cpu.stat': 'usage_usec 5\n',
    '/a/cpu.stat': V2,
    '/cpu.stat': V1,
  };
  const groups = () => ['/a/b', '/a', '/'].map((folder) => ({ version: 2 as const, folder }));
  const read = (path: string) => stats[path] ?? null;
  const before = throttlingNow(groups, read);
  stats['/a/cpu.stat'] = 'nr_throttled 9\nthrottled_usec 360000\n';
  stats['/cpu.stat'] = 'nr_throttled 4\nthrottled_time 150000001\n';
  expect(throttlingBetween(before, throttlingNow(groups, read))).toEqual({
    group: '/a',
    times: 2,
    ns: 10_000_000,
  });
  expect(throttlingBetween(new Map(), throttlingNow(groups, read))).toBeNull();
});

test('a process without /proc counts nothing', () => {
  const gone = () => {
    throw new Error('ENOENT');
  };
  expect(throttlingNow(gone)).toEqual(new Map());
});

// The machine has the cpu controller in a hierarchy where groups may be made.
const ROOTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'];
const parent = ROOTS.map((root) => `${root}/tscope-test-${process.pid}`).find((folder) => {
  try {
    mkdirSync(`${folder}/inner`, { recursive: true });
    writeFileSync(`${folder}/cpu.cfs_period_us`, '20000');
    writeFileSync(`${folder}/cpu.cfs_quota_us`, '2000');
    return true;
  } catch {
    return false;
  }
});
afterEach(() => {
  if (expect.getState().currentTestName?.startsWith('the kernel') !== true || parent === undefined) return;
  for (const folder of [`${parent}/inner`, parent]) rmdirSync(folder);
});

test.runIf(parent !== undefined)(
  'the kernel counts for the group above; it is read from within',
  () => {
    const source = fileURLToPath(new URL('../../src/host/cgroup.ts', import.meta.url));
    const hooks = fileURLToPath(new URL('../load-typescript.mjs', import.meta.url));
    // Spins until it was stopped: how soon depends on what else runs.
    const script = `
    import { writeFileSync } from 'node:fs';
    writeFileSync('${parent}/inner/cgroup.procs', String(process.pid));
    const { throttlingNow, throttlingBetween } = await import('${source}');
    const before = throttlingNow();
    let found = null;
    for (const end = Date.now() + 20_000; Date.now() < end && !(found?.ns > 0); ) {
      found = throttlingBetween(before, throttlingNow());
    }
    console.log(JSON.stringify(found));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', hooks, '--input-type=module', '-e', script],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const found = JSON.parse(stdout);
    expect(found).toEqual({ group: parent, times: expect.any(Number), ns: expect.any(Number) });
    expect(found.times).toBeGreaterThan(0);
    expect(readFileSync(`${parent}/inner/cpu.stat`, 'utf8')).toContain('nr_throttled 0');
  },
  30_000,
);
