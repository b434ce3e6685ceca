import { hostIdentity } from '../../host/identity.ts';
import type {
  AgentEvent,
  PairIdentity,
  SampleMessage,
  SamplingMessage,
  SamplingOptions,
} from '../sampling/messages.ts';
import { EventBudget } from './event-budget.ts';
import type { Recorder } from './recorder.ts';
import type { RunRecord } from './run-record.ts';

type Started = Extract<SamplingMessage, { kind: 'started' }>;

const nsOf = (ms: number): bigint => BigInt(Math.round(ms * 1e6));

/** Turns what the sampling thread tells into runs, samples and events of the store. */
export class Journal {
  readonly #recorder: Recorder;
  readonly #budget = new EventBudget();
  #run: RunRecord | null = null;
  #lastMs = 0;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** A new run begins; the one before, if there was one, has ended. */
  begin({ atMs, origins, nominal }: Started, pairs: readonly PairIdentity[], options: SamplingOptions): void {
    this.end();
    this.#lastMs = atMs;
    this.#run = {
      run: {
        host: { ...hostIdentity(), facts: null },
        command: 'agent',
        startedAtNs: nsOf(atMs),
        options: JSON.stringify({ ...options, nominalTscHz: nominal.hz, nominalTscSource: nominal.source }),
      },
      pairs,
      origins: new Map(origins.map(({ clock, ns }) => [clock, ns])),
      place: null,
    };
  }

  /** @returns the events that were stored. */
  add(sample: SampleMessage): readonly AgentEvent[] {
    const run = this.#run;
    if (run === null) return [];
    this.#lastMs = sample.atMs;
    const events = this.#budget.within(sample.events, performance.now());
    this.#recorder.add(
      { kind: 'sample', run, sample },
      ...(events.length > 0 ? [{ kind: 'events', run, events } as const] : []),
    );
    return events;
  }

  /** The present run is over. */
  end(): void {
    if (this.#run !== null) this.#recorder.add({ kind: 'end', run: this.#run, atNs: nsOf(this.#lastMs) });
    this.#run = null;
  }
}
