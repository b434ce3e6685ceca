import type { Control } from '../../clock/control.ts';
import { HostClock } from '../../clock/host.ts';
import { ktimeOf } from '../../clock/time-source.ts';
import { hostWaiter } from '../../clock/wait.ts';
import { clocksFacts } from '../../host/clocks.ts';
import type { DriftResult } from '../../schema/drift.ts';
import { hostSource } from '../../tsc/source.ts';
import { checkBounds } from '../../units.ts';
import type { Finding, Warning } from '../../warning.ts';
import { type DriftHost, type DriftOptions, drift, driftBounds } from './drift.ts';
import { hostWatchers } from './events.ts';
import { independenceOf } from './independence.ts';
import { calibrateBriefly, nominalRate } from './nominal-rate.ts';
import { StoredCollection } from './stored-collection.ts';

/**
 * This host, for `drift`.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden.
 */
function driftHost(control: Control, intervalNs: number): DriftHost {
  const clock = new HostClock();
  const source = hostSource();
  const waiter = hostWaiter(control);
  const facts = clocksFacts();
  return {
    source,
    nominal: nominalRate(calibrateBriefly(control)),
    now: () => {
      clock.read();
      return ktimeOf(clock);
    },
    date: () => new Date(),
    waitUntil: (ktime) => waiter.sleepUntil(ktime),
    watchers: hostWatchers(() => source.clocksource().value, intervalNs),
    independence: (name, reference) => independenceOf(facts, name, reference),
  };
}

/** The doubts that a reader should know before the figures. */
function warningsOf({ pairs, eventsDropped }: DriftResult): Warning[] {
  const warnings: Warning[] = [];
  if (pairs.length > 0 && pairs.every((pair) => pair.independent === false)) {
    warnings.push({
      code: 'no-independent-reference',
      message:
        'Every clock here is made from one counter, so their agreement says nothing about its crystal.',
      hint: 'A synchronized clock (chronyd, ntpd), or a PTP clock, would give an independent reference.',
    });
  }
  if (eventsDropped > 0) {
    warnings.push({
      code: 'events-dropped',
      message: `${eventsDropped} events are counted but not listed.`,
      hint: null,
    });
  }
  return warnings;
}

/**
 * `drift` on this host, as a task.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden, or the store cannot be opened.
 */
export function driftTask(options: DriftOptions, control: Control): Finding<DriftResult> {
  checkBounds(options, driftBounds);
  const host = driftHost(control, options.intervalNs);
  const stored = options.kept === undefined ? null : new StoredCollection(host, options.kept);
  try {
    const result = drift(host, options, control, stored);
    return { result, warnings: [...(stored?.warnings ?? []), ...warningsOf(result)] };
  } finally {
    stored?.close();
  }
}
