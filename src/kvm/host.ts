import { release } from 'node:os';
import type { Control } from '../clock/control.ts';
import { hostWaiter } from '../clock/wait.ts';
import { fileText } from '../host/fact.ts';
import { kvmFacts } from '../host/kvm.ts';
import { kvmNative, type NativeGuest, native } from '../native.ts';
import { NS_PER_MS } from '../units.ts';
import { ktimeNow } from './guest.ts';
import type { Activity } from './guest-stop.ts';
import { kvmError } from './kvm-error.ts';
import type { PathHost } from './verdict.ts';

/** This host as a verdict needs to know it. */
export interface KvmHost extends PathHost {
  /** The running kernel's release. */
  readonly kernel: string;
  /** The guest's TSC rate. */
  readonly tscKhz: number;
}

/** The guest's TSC rate as KVM gives it, kHz. @throws TscopeError UNSUPPORTED where KVM creates no guest. */
export function kvmTscKhz(): number {
  try {
    return kvmNative().tscKhz();
  } catch (error) {
    throw kvmError(error);
  }
}

/** Reads it; a module parameter that is not there is no error. @throws TscopeError as `kvmTscKhz`. */
export function kvmHost(): KvmHost {
  const fact = kvmFacts().preemptionTimer;
  return {
    tscKhz: kvmTscKhz(),
    kernel: release(),
    preemptionTimer: fact.value,
    source: 'source' in fact ? `${fact.source}: ${fact.value ? 'on' : 'off'}` : fact.reason,
  };
}

/** Time of all CPUs since the boot, in ticks of USER_HZ (10 ms). */
interface SystemCpu {
  readonly interrupt: number;
  readonly total: number;
}

/** Reads the `cpu` line of /proc/stat: user nice system idle iowait irq softirq steal (guest is inside user). */
export function parseSystemCpu(text: string): SystemCpu | null {
  const match = /^cpu +(.+)$/m.exec(text);
  const fields = match?.[1]?.split(/ +/).map(Number) ?? [];
  if (fields.length < 8 || fields.some(Number.isNaN)) return null;
  return {
    interrupt: (fields[5] ?? 0) + (fields[6] ?? 0),
    total: fields.slice(0, 8).reduce((sum, value) => sum + value, 0),
  };
}

/** /proc/stat now; null where it cannot be read. */
const systemCpu = (): SystemCpu | null => parseSystemCpu(fileText('/proc/stat') ?? '');

/** Share of all CPUs' time spent in interrupts between two readings; null where no tick passed. */
export function interruptShare(before: SystemCpu | null, after: SystemCpu | null): number | null {
  if (before === null || after === null || after.total <= before.total) return null;
  return (after.interrupt - before.interrupt) / (after.total - before.total);
}

/** The host's counters at one moment. */
interface Counters {
  readonly stats: Record<string, number> | null;
  readonly system: SystemCpu | null;
}

const read = (guest: NativeGuest): Counters => ({ stats: guest.readStats(), system: systemCpu() });

/** Later counters less earlier ones, those that moved; null where the kernel has none. */
function difference(earlier: Counters['stats'], later: Counters['stats']): Counters['stats'] {
  if (earlier === null || later === null) return null;
  const moved = Object.entries(later).map(([name, value]) => [name, value - (earlier[name] ?? 0)] as const);
  return Object.fromEntries(moved.filter(([, change]) => change !== 0));
}

/** Starts to watch what a guest costs the host; the result ends the watch. */
export function watchActivity(guest: NativeGuest): () => Activity {
  const before = read(guest);
  return () => {
    const after = read(guest);
    return {
      stats: difference(before.stats, after.stats),
      interruptShare: interruptShare(before.system, after.system),
    };
  };
}

/** Idle time of each CPU since the boot, in ticks of USER_HZ, from /proc/stat's `cpuN` lines. */
export function parseIdle(text: string): ReadonlyMap<number, number> {
  const lines = [...text.matchAll(/^cpu(\d+) +\d+ +\d+ +\d+ +(\d+) +(\d+)/gm)];
  return new Map(lines.map(([, cpu, idle, iowait]) => [Number(cpu), Number(idle) + Number(iowait)]));
}

/** Which of some CPUs was idle for longest between two readings; the last of them where all were alike. */
export function idlestOf(
  cpus: readonly number[],
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number {
  const idle = (cpu: number) => (after.get(cpu) ?? 0) - (before.get(cpu) ?? 0);
  return cpus.reduce((best, cpu) => (idle(cpu) >= idle(best) ? cpu : best), cpus[0] ?? 0);
}

/** Long enough for a share of a CPU's time in ticks of 10 ms. */
const LOOK_NS = BigInt(100 * NS_PER_MS);

/** Which of the CPUs that this process may use is the idlest now. */
export function idlestCpu(control: Control): number {
  const cpus = native().getAffinity();
  if (cpus.length < 2) return cpus[0] ?? 0;
  const read = () => parseIdle(fileText('/proc/stat') ?? '');
  const before = read();
  hostWaiter(control).sleepUntil(ktimeNow() + LOOK_NS);
  return idlestOf(cpus, before, read());
}

/** Runs `work` on the other CPUs: what measures stays out of the way of what is measured on this one. */
export function besideCpu<T>(cpu: number, work: () => T): T {
  const addon = native();
  const affinity = addon.getAffinity();
  const others = affinity.filter((other) => other !== cpu);
  try {
    if (others.length > 0) addon.setAffinity(others);
    return work();
  } finally {
    addon.setAffinity(affinity);
  }
}
