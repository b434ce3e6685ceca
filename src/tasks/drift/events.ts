import { readdirSync } from 'node:fs';
import { NameWatch } from '../../clock/changes.ts';
import { fileText } from '../../host/fact.ts';
import type { DriftEvent } from '../../schema/drift.ts';
import type { EventKind } from '../../schema/words.ts';

/** Events kept of one pair, or of the host. */
const MOST = 1_000;

/** A list that a disturbed host cannot fill without end: what comes after the first thousand is counted. */
export class EventLog {
  readonly events: DriftEvent[] = [];
  dropped = 0;

  /** @param at wall-clock time of the sample that showed it. */
  add(at: Date, kind: EventKind, detail: string): void {
    if (this.events.length < MOST) this.events.push({ at: at.toISOString(), kind, detail });
    else this.dropped += 1;
  }

  /** Takes the events out, for a run without end. */
  drain(): DriftEvent[] {
    return this.events.splice(0);
  }
}

/** Something about the host, not about one clock. */
interface HostEvent {
  readonly kind: EventKind;
  readonly detail: string;
}

/** Looks at the host now and again; answers what has changed since the last look. */
export type Watcher = () => HostEvent[];

/** Reports each change of a name; what is not known, null, changes nothing. */
export function watchName(kind: EventKind, current: () => string | null): Watcher {
  const names = new NameWatch();
  names.push(current());
  return () => {
    const change = names.push(current());
    return change === null ? [] : [{ kind, detail: `${change.from} to ${change.to}` }];
  };
}

/** Reports growth of a counter by at least `least` since the last look. */
export function watchCounter(
  kind: EventKind,
  current: () => number | null,
  least: number,
  describe: (growth: number) => string,
): Watcher {
  let last = current();
  return () => {
    const value = current();
    const growth = value === null || last === null ? 0 : value - last;
    last = value;
    return growth >= least ? [{ kind, detail: describe(growth) }] : [];
  };
}

/** Ticks of 10 ms that the hypervisor gave to others, all CPUs; null without /proc. */
function stealTicks(): number | null {
  const steal = /^cpu +(?:\d+ +){7}(\d+)/m.exec(fileText('/proc/stat') ?? '')?.[1];
  return steal === undefined ? null : Number(steal);
}

const CPUS = '/sys/devices/system/cpu';

/** How often any CPU was throttled; null where the kernel does not count it (most virtual machines). */
function throttleCount(): number | null {
  try {
    const cpus = readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name));
    const counts = cpus.flatMap((cpu) =>
      ['core', 'package'].flatMap(
        (of) => fileText(`${CPUS}/${cpu}/thermal_throttle/${of}_throttle_count`) ?? [],
      ),
    );
    return counts.length === 0 ? null : counts.reduce((sum, text) => sum + Number(text), 0);
  } catch {
    return null;
  }
}

/** Steal of 50 ms for each second between two looks is worth an event. */
const STEAL_TICKS = 5;

/**
 * Every watcher of this host that reads a file; a look costs some tens of microseconds.
 *
 * @param lookNs time between two looks.
 */
export function hostWatchers(clocksource: () => string | null, lookNs: number): Watcher[] {
  return [
    watchName('clocksource-change', clocksource),
    watchCounter(
      'steal',
      stealTicks,
      STEAL_TICKS * Math.max(1, lookNs / 1e9),
      (ticks) => `${ticks * 10} ms were stolen from this host's CPUs`,
    ),
    watchCounter('throttling', throttleCount, 1, (times) => `throttled ${times} times`),
  ];
}
