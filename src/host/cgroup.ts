import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Fact, factOf, known, unknown } from './fact.ts';

/** A cgroup with the cpu controller, as this process sees it. */
interface CpuGroup {
  readonly version: 1 | 2;
  /** Where the controller is mounted; limits hold from there down to `folder`. */
  readonly mount: string;
  readonly folder: string;
}

/** The octal escapes of /proc/self/mountinfo. */
const unescaped = (path: string): string =>
  path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The cgroup of this process that can limit its CPU time; null where there is none to see. */
function cpuGroup(): CpuGroup | null {
  const memberships = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  for (const line of mounts) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mount = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    const version = type === 'cgroup2' ? 2 : 1;
    if (version === 1 && !(type === 'cgroup' && options.split(',').includes('cpu'))) continue;
    const membership = memberships.find((entry) => {
      const [id, controllers = ''] = entry.split(':');
      return version === 2 ? id === '0' : controllers.split(',').includes('cpu');
    });
    const path = membership?.split(':').slice(2).join(':');
    if (path === undefined) continue;
    const inside = relative(unescaped(root), path);
    const folder = join(unescaped(mount), inside.startsWith('..') ? '' : inside);
    const own = existsSync(join(folder, 'cpu.stat')) ? folder : unescaped(mount);
    const controls = version === 1 || existsSync(join(own, 'cpu.max')) || existsSync(join(own, 'cpu.stat'));
    if (controls && (version === 1 || memberships.length === 1)) {
      return { version, mount: unescaped(mount), folder: own };
    }
  }
  return null;
}

/** CPUs that one folder's quota allows; null where it sets none. */
function quotaIn(folder: string, version: 1 | 2): number | null {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
  };
  const [quota, period] =
    version === 2
      ? (read('cpu.max')?.split(' ') ?? [])
      : [read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')];
  const cpus = Number(quota) / Number(period);
  return cpus > 0 && Number.isFinite(cpus) ? cpus : null;
}

/** How many CPUs' worth of time the cgroups of this process allow it: the least of its own and of those above. */
export function cpuQuota(): Fact<number> {
  const read = factOf('/proc/self/cgroup', cpuGroup);
  if ('reason' in read) return read;
  if (read.value === null) return unknown('no cgroup with the cpu controller');
  const { version, mount, folder } = read.value;
  let least: { readonly cpus: number; readonly at: string } | null = null;
  for (let at = folder; at.startsWith(mount); at = dirname(at)) {
    const cpus = quotaIn(at, version);
    if (cpus !== null && (least === null || cpus < least.cpus)) least = { cpus, at };
    if (at === mount || at === dirname(at)) break;
  }
  return least === null ? unknown('no quota') : known(least.cpus, least.at);
}

/** How often, and for how long in all, a quota has made the threads of this process's cgroup wait. */
export interface Throttling {
  readonly periods: number;
  readonly ns: number;
}

let stat: string | null | undefined;

/** Reads cpu.stat; null where there is no such cgroup. The path is found once. */
export function throttling(): Throttling | null {
  try {
    if (stat === undefined) {
      const group = cpuGroup();
      stat = group === null ? null : join(group.folder, 'cpu.stat');
    }
    if (stat === null) return null;
    const text = readFileSync(stat, 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    // cgroup v2 counts in us, v1 in ns.
    const us = field('throttled_usec');
    const ns = Number.isNaN(us) ? field('throttled_time') : us * 1000;
    const periods = field('nr_throttled');
    return Number.isNaN(ns) || Number.isNaN(periods) ? null : { periods, ns };
  } catch {
    return null;
  }
}
