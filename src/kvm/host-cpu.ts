import { readFileSync } from 'node:fs';

/** Time of all CPUs since the boot, in ticks of USER_HZ (10 ms). */
export interface SystemCpu {
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
export function systemCpu(): SystemCpu | null {
  try {
    return parseSystemCpu(readFileSync('/proc/stat', 'utf8'));
  } catch {
    return null;
  }
}

/** Share of all CPUs' time spent in interrupts between two readings; null where no tick passed. */
export function interruptShare(before: SystemCpu | null, after: SystemCpu | null): number | null {
  if (before === null || after === null || after.total <= before.total) return null;
  return (after.interrupt - before.interrupt) / (after.total - before.total);
}
