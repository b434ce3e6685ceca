import type { AgentEvent } from '../sampling/messages.ts';

/** Events of one kind that are stored in an hour. A disturbed host finds one at each sample; all of them are counted. */
const AN_HOUR = 60;
const HOUR_MS = 3_600_000;

/** Lets through what a disturbed host may store. */
export class EventBudget {
  readonly #spent = new Map<string, { until: number; count: number }>();

  /** @returns those that are to be stored. */
  within(events: readonly AgentEvent[], nowMs: number): AgentEvent[] {
    return events.filter(({ clock, kind }) => {
      const key = `${kind} ${clock}`;
      const known = this.#spent.get(key);
      const spent =
        known === undefined || nowMs >= known.until ? { until: nowMs + HOUR_MS, count: 0 } : known;
      spent.count += 1;
      this.#spent.set(key, spent);
      return spent.count <= AN_HOUR;
    });
  }
}
