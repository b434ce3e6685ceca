import type { NativeGuest } from '../native.ts';
import { interruptShare, type SystemCpu, systemCpu } from './host-cpu.ts';
import type { Activity } from './trace.ts';

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
