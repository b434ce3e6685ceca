import type { DriftEvent, EventKind } from '../../schema/drift.ts';

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
