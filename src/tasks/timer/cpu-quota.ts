import { readFileSync } from 'node:fs';

/** How often the quota of a control group has stopped its processes, and for how long in all. */
export interface Throttled {
  readonly times: number;
  readonly ns: number;
}

/**
 * Reads a cpu.stat (kernel, Documentation/admin-guide/cgroup-v2.rst, and scheduler/sched-bwc.rst for version 1).
 *
 * @returns null where it counts no throttling: there is no quota controller.
 */
export function parseCpuStat(text: string): Throttled | null {
  const value = (name: string): number | null => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const times = value('nr_throttled');
  const us = value('throttled_usec');
  const ns = us === null ? value('throttled_time') : us * 1000;
  return times === null || ns === null ? null : { times, ns };
}

/** Where the cpu.stat of a process may be, by its /proc/PID/cgroup: version 2, then version 1. */
export const cpuStatPaths = (cgroup: string): string[] =>
  cgroup
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      if (controllers === '') return [`/sys/fs/cgroup${path}`, `/sys/fs/cgroup/unified${path}`];
      return controllers.split(',').includes('cpu')
        ? [`/sys/fs/cgroup/${controllers}${path}`, `/sys/fs/cgroup/cpu${path}`]
        : [];
    })
    .map((folder) => `${folder.replace(/\/$/, '')}/cpu.stat`);

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** What the control group of this process has counted so far; null where it counts nothing. */
export function throttledNow(read: (path: string) => string | null = readOrNull): Throttled | null {
  for (const path of cpuStatPaths(read('/proc/self/cgroup') ?? '')) {
    const text = read(path);
    const found = text === null ? null : parseCpuStat(text);
    if (found !== null) return found;
  }
  return null;
}

/** What came between two readings; null where one is missing. */
export const throttledBetween = (before: Throttled | null, after: Throttled | null): Throttled | null =>
  before === null || after === null
    ? null
    : { times: Math.max(0, after.times - before.times), ns: Math.max(0, after.ns - before.ns) };
