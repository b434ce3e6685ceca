import { nominalRate } from '../../tasks/drift/nominal-rate.ts';
import { type AgentState, pairsOf } from '../state.ts';
import type { Line } from './prometheus.ts';

/** A flag that may be unknown, as a label. */
export const text = (flag: boolean | null): string => (flag === null ? 'unknown' : String(flag));

/** Labels that say which pair a value belongs to. */
function pairLabels(state: AgentState, clock: string): Line[0] | null {
  const pair = pairsOf(state).find((candidate) => candidate.clock === clock);
  if (pair === undefined) return null;
  return { clock, reference: pair.reference, independent: text(pair.independent) };
}

/** One value for each pair that has one. */
export function eachPair(
  state: AgentState,
  read: (pair: NonNullable<AgentState['sample']>['pairs'][number]) => number | null,
): Line[] {
  return (state.sample?.pairs ?? []).flatMap((pair) => {
    const labels = pairLabels(state, pair.clock);
    const value = read(pair);
    return labels === null || value === null ? [] : [[labels, value] as const];
  });
}

/** Prometheus counts time in seconds. */
export const seconds = (ns: number | null): number | null => (ns === null ? null : ns / 1e9);

/** The TSC's rate by each reference that there is. */
export function frequencies({ calibrated }: AgentState): Line[] {
  if (calibrated === null) return [];
  const { result } = calibrated;
  const derived = { reference: result.clock, independent: text(result.independent) };
  const { trueRate } = result;
  return [
    [derived, nominalRate(result).hz],
    ...(trueRate === null
      ? []
      : [[{ reference: trueRate.reference, independent: 'true' }, trueRate.hz] as const]),
  ];
}

/** Deviations by pair and averaging time. */
export const stabilityValues = (state: AgentState): Line[] =>
  state.stability.flatMap(({ clock, points }) => {
    const labels = pairLabels(state, clock);
    return points.flatMap(({ tauNs, oadev }) =>
      labels === null || oadev === null
        ? []
        : [[{ ...labels, tau_seconds: String(Number((tauNs / 1e9).toPrecision(9))) }, oadev] as const],
    );
  });
