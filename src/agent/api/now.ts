import { hostname } from 'node:os';
import type { AgentHealth, AgentNow } from '../../schema/agent-api.ts';
import { nominalRate } from '../../tasks/drift/nominal-rate.ts';
import { version } from '../../version.ts';
import { type AgentState, pairsOf } from '../state.ts';

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
