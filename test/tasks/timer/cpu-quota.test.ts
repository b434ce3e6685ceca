import { expect, test } from 'vitest';
import {
  cpuStatPaths,
  parseCpuStat,
  throttledBetween,
  throttledNow,
} from '../../../src/tasks/timer/cpu-quota.ts';

const V2 = 'usage_usec 5\nnr_periods 100\nnr_throttled 7\nthrottled_usec 350000\n';
const V1 = 'nr_periods 100\nnr_throttled 3\nthrottled_time 150000000\n';

test('throttling is read in both versions; without a quota controller there is none', () => {
  expect(parseCpuStat(V2)).toEqual({ times: 7, ns: 350_000_000 });
  expect(parseCpuStat(V1)).toEqual({ times: 3, ns: 150_000_000 });
  expect(parseCpuStat('usage_usec 5\nuser_usec 3\n')).toBeNull();
});

test('the group of the process is looked for where each version keeps it', () => {
  expect(cpuStatPaths('0::/user.slice\n')).toEqual([
    '/sys/fs/cgroup/user.slice/cpu.stat',
    '/sys/fs/cgroup/unified/user.slice/cpu.stat',
  ]);
  expect(cpuStatPaths('5:memory:/x\n4:cpu,cpuacct:/hunt-q\n')).toEqual([
    '/sys/fs/cgroup/cpu,cpuacct/hunt-q/cpu.stat',
    '/sys/fs/cgroup/cpu/hunt-q/cpu.stat',
  ]);
  expect(cpuStatPaths('0::/\n')[0]).toBe('/sys/fs/cgroup/cpu.stat');
  expect(cpuStatPaths('')).toEqual([]);
});

test('the first that counts throttling is taken', () => {
  const files: Record<string, string> = {
    '/proc/self/cgroup': '4:cpu,cpuacct:/q\n0::/q\n',
    '/sys/fs/cgroup/cpu/q/cpu.stat': V1,
  };
  expect(throttledNow((path) => files[path] ?? null)).toEqual({ times: 3, ns: 150_000_000 });
  expect(throttledNow(() => null)).toBeNull();
});

test('between two readings is what the run was stopped', () => {
  expect(throttledBetween({ times: 3, ns: 10 }, { times: 5, ns: 25 })).toEqual({ times: 2, ns: 15 });
  expect(throttledBetween(null, { times: 5, ns: 25 })).toBeNull();
  expect(throttledBetween({ times: 3, ns: 10 }, null)).toBeNull();
});
