import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Fact, factOf, fileText, known, unknown } from './fact.ts';

/** The text of a file of the kernel's; null where it cannot be read. */
type Read = (path: string) => string | null;

/** A cgroup whose quota holds for this process. */
interface CpuGroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The octal escapes of /proc/self/mountinfo. */
const unescaped = (path: string): string =>
  path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/**
 * The cgroup of a process in the hierarchy that has the cpu controller, and those above it as far as they are to be
 * seen: a quota of each of them holds for it. Empty where no such hierarchy is mounted.
 *
 * @param cgroup its /proc/PID/cgroup. The controller is in one hierarchy: of version 1 where a line names it, else of
 * version 2.
 * @param mountinfo its /proc/PID/mountinfo.
 */
export function cpuGroups(cgroup: string, mountinfo: string, read: Read): CpuGroup[] {
  const memberships = cgroup
    .trim()
    .split('\n')
    .map((line) => line.split(':'));
  const first = memberships.find(([, controllers = '']) => controllers.split(',').includes('cpu'));
  const version = first === undefined ? 2 : 1;
  const path = (first ?? memberships.find(([id]) => id === '0'))?.slice(2).join(':');
  if (path === undefined) return [];
  for (const line of mountinfo.trim().split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mounted = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    const fits = version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes('cpu');
    if (!fits) continue;
    const mount = unescaped(mounted);
    const inside = relative(unescaped(root), path);
    let folder = join(mount, inside.startsWith('..') ? '' : inside);
    // Where a container sees another part of the hierarchy, its own group is at the mount.
    if (read(join(folder, 'cpu.stat')) === null) folder = mount;
    const folders = [folder];
    for (; folder !== mount; folder = dirname(folder)) folders.push(dirname(folder));
    return folders.map((each) => ({ version, folder: each }));
  }
  return [];
}

/** CPUs that one group's quota allows; null where it sets none. */
function quotaIn({ version, folder }: CpuGroup, read: Read): number | null {
  const inFolder = (name: string) => read(join(folder, name))?.trim();
  const [quota, period] =
    version === 2
      ? (inFolder('cpu.max')?.split(' ') ?? [])
      : [inFolder('cpu.cfs_quota_us'), inFolder('cpu.cfs_period_us')];
  const cpus = Number(quota) / Number(period);
  return cpus > 0 && Number.isFinite(cpus) ? cpus : null;
}

const ownGroups = (): CpuGroup[] =>
  cpuGroups(
    readFileSync('/proc/self/cgroup', 'utf8'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
    fileText,
  );

/** How many CPUs' worth of time the cgroups of this process allow it: the least of its own and of those above. */
export function cpuQuota(): Fact<number> {
  const groups = factOf('/proc/self/cgroup', ownGroups);
  if ('reason' in groups) return groups;
  if (groups.value.length === 0) return unknown('no cgroup with the cpu controller');
  const quotas = groups.value.flatMap((group) => {
    const cpus = quotaIn(group, fileText);
    return cpus === null ? [] : [{ cpus, at: group.folder }];
  });
  const least = quotas.sort((a, b) => a.cpus - b.cpus)[0];
  return least === undefined ? unknown('no quota') : known(least.cpus, least.at);
}

/** How often a quota has made the threads of a cgroup wait, and for how long in all. */
interface Throttling {
  readonly times: number;
  readonly ns: number;
}

/**
 * Reads a cpu.stat (kernel, Documentation/admin-guide/cgroup-v2.rst, and scheduler/sched-bwc.rst for version 1).
 *
 * @returns null where it counts no throttling: the controller is not enabled there.
 */
export function parseCpuStat(text: string): Throttling | null {
  const value = (name: string): number | null => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const times = value('nr_throttled');
  const us = value('throttled_usec');
  const ns = us === null ? value('throttled_time') : us * 1000;
  return times === null || ns === null ? null : { times, ns };
}

/** What each of some cgroups has counted so far, by its folder. */
export type ThrottlingByGroup = ReadonlyMap<string, Throttling>;

/** What the cgroup of this process and those above it have counted; a quota of any of them stops it. */
export function throttlingNow(
  groups: () => readonly CpuGroup[] = ownGroups,
  read: Read = fileText,
): ThrottlingByGroup {
  const found = new Map<string, Throttling>();
  try {
    for (const { folder } of groups()) {
      const counted = parseCpuStat(read(join(folder, 'cpu.stat')) ?? '');
      if (counted !== null) found.set(folder, counted);
    }
  } catch {
    // Without /proc nothing is counted.
  }
  return found;
}

/**
 * What came between two readings, of the group that was throttled longest: what several count at once is not added up.
 *
 * @returns null where no group was counted both times.
 */
export function throttlingBetween(
  before: ThrottlingByGroup,
  after: ThrottlingByGroup,
): (Throttling & { readonly group: string }) | null {
  const grown = [...after].flatMap(([group, { times, ns }]) => {
    const was = before.get(group);
    return was === undefined
      ? []
      : [{ group, times: Math.max(0, times - was.times), ns: Math.max(0, ns - was.ns) }];
  });
  return grown.sort((a, b) => b.ns - a.ns || b.times - a.times)[0] ?? null;
}
