import { hostname } from 'node:os';
import type { AgentHealth, AgentNow } from '../schema/agent-api.ts';
import { EVENT_KINDS, type EventKind } from '../schema/words.ts';
import { nominalRate } from '../tasks/drift/nominal-rate.ts';
import { version } from '../version.ts';
import type {
  PairIdentity,
  PairStability,
  SampleMessage,
  SamplingMessage,
  StartedMessage,
} from './sampling/messages.ts';

type Calibrated = Extract<SamplingMessage, { kind: 'calibrated' }>;

/** Everything that the agent knows at this moment. Counts only ever grow, over all runs since it started. */
export interface AgentState {
  readonly startedAt: Date;
  started: StartedMessage | null;
  calibrated: Calibrated | null;
  sample: SampleMessage | null;
  /** When the last sample arrived, ms of `performance.now`. */
  sampledAt: number | null;
  stability: readonly PairStability[];
  /** Why no samples come; null while they do. */
  samplingFailure: string | null;
  samples: number;
  missed: number;
  readonly rejected: { wide: number; moved: number };
  /** By kind, then by clock; `host` for those of the whole host. */
  readonly events: Record<EventKind, Map<string, number>>;
}

/** The state of an agent that has seen nothing yet. */
export const initialState = (startedAt: Date): AgentState => ({
  startedAt,
  started: null,
  calibrated: null,
  sample: null,
  sampledAt: null,
  stability: [],
  samplingFailure: null,
  samples: 0,
  missed: 0,
  rejected: { wide: 0, moved: 0 },
  events: Object.fromEntries(EVENT_KINDS.map((kind) => [kind, new Map()])) as AgentState['events'],
});

/** The pairs that are compared now. */
export const pairsOf = (state: AgentState): readonly PairIdentity[] => state.calibrated?.pairs ?? [];

const rejectedIn = (sample: SampleMessage | null, reason: 'wide' | 'moved'): number =>
  sample?.pairs.reduce((sum, pair) => sum + pair.rejected[reason], 0) ?? 0;

/** Stands for the clock in an event of the whole host. */
const HOST = 'host';
const OF_CLOCKS: readonly EventKind[] = ['step', 'frequency-step'];

function countEvent({ events }: AgentState, kind: EventKind, clock: string, more: number): void {
  events[kind].set(clock, (events[kind].get(clock) ?? 0) + more);
}

/** A counter that is not there before its first event would hide that one from `increase()`. */
function countFromZero(state: AgentState): void {
  for (const kind of EVENT_KINDS) {
    const clocks = OF_CLOCKS.includes(kind) ? pairsOf(state).map(({ clock }) => clock) : [HOST];
    for (const clock of clocks) countEvent(state, kind, clock, 0);
  }
}

function takeSample(state: AgentState, sample: SampleMessage): void {
  const before = state.sample;
  state.rejected.wide += rejectedIn(sample, 'wide') - rejectedIn(before, 'wide');
  state.rejected.moved += rejectedIn(sample, 'moved') - rejectedIn(before, 'moved');
  state.missed += sample.missed - (before?.missed ?? 0);
  state.samples += 1;
  for (const { kind, clock } of sample.events) countEvent(state, kind, clock ?? HOST, 1);
  state.sample = sample;
  state.sampledAt = performance.now();
  state.samplingFailure = null;
}

/** Takes in what the sampling thread tells. */
export function absorb(state: AgentState, message: SamplingMessage): void {
  if (message.kind === 'sample') takeSample(state, message);
  else if (message.kind === 'calibrated') {
    state.calibrated = message;
    countFromZero(state);
  } else if (message.kind === 'started') {
    state.started = message;
    if (message.goesOn) return;
    state.sample = null;
    state.stability = [];
  }
}

const isoOf = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();

/** How many events of each kind there were, of all clocks. */
const countsOf = (events: AgentState['events']): AgentNow['events'] =>
  Object.fromEntries(
    Object.entries(events).map(([kind, clocks]) => [kind, [...clocks.values()].reduce((a, b) => a + b, 0)]),
  ) as AgentNow['events'];

/** What the agent knows at this moment, as `/api/v1/now` and the first message of the stream say it. */
export function nowOf(state: AgentState, health: AgentHealth, intervalNs: number): AgentNow {
  const result = state.calibrated?.result ?? null;
  return {
    hostname: hostname(),
    version,
    intervalNs,
    clocksource: state.calibrated?.clocksource ?? null,
    tsc:
      result === null
        ? null
        : {
            hz: nominalRate(result).hz,
            standardErrorRatio: result.standardErrorRatio,
            reference: result.clock,
            independent: result.independent,
            nominalHz: state.started?.nominal.hz ?? null,
          },
    runStartedAt: isoOf(state.started?.atMs),
    sampledAt: isoOf(state.sample?.atMs),
    pairs: pairsOf(state).map((pair) => {
      const sample = state.sample?.pairs.find(({ clock }) => clock === pair.clock);
      return {
        ...pair,
        offsetNs: sample?.ns ?? null,
        boundNs: sample?.boundNs ?? null,
        rateRatio: sample?.rateRatio ?? null,
        rateStandardError: sample?.rateStandardError ?? null,
      };
    }),
    events: countsOf(state.events),
    health,
  };
}
