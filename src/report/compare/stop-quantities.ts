import type { StopResult, StopRow } from '../../schema/stop.ts';
import { exact } from '../digits.ts';
import { type Noise, type Quantity, unknown } from './quantity.ts';

/** Stops of one row fewer than this say little about how its recovery varies. */
const LEAST_RUNS = 5;

function recovery(row: StopRow): Quantity {
  const { policy, periodNs, stopNs, runs, projected } = row;
  const noise: Noise =
    projected !== null
      ? unknown('projected')
      : runs < LEAST_RUNS
        ? unknown(`${runs === 1 ? 'one stop has' : `${runs} stops have`} no interval`)
        : { kind: 'interval', low: row.recovery.minNs, high: row.recovery.maxNs };
  const name = `recovery: ${policy}, period ${exact(periodNs)}, stop ${exact(stopNs)}`;
  return { part: 'stop', name, unit: 'ns', value: projected?.recoveryNs ?? row.recoveryNs, noise };
}

/** Recoveries, the stop that locks up, and the cost of a tick; of real clocks only. */
export function ofStop({ rows, tickCost, lockupThreshold, simulated }: StopResult): Quantity[] {
  if (simulated) return [];
  const ticks = (tickCost ?? []).flatMap((cost): Quantity[] => [
    {
      part: 'stop',
      name: `tick: ${cost.policy}`,
      unit: 'ns',
      value: cost.p50Ns,
      noise: unknown('it has no interval'),
    },
    ...(cost.policy === 'catch-up'
      ? []
      : [
          {
            part: 'stop',
            name: `tick: ${cost.policy} over catch-up`,
            unit: 'ns',
            value: cost.overCatchUpNs,
            // Its 95 % interval is of the batches within a run; between runs of one build it moves by more.
            noise: unknown('its interval does not hold between runs'),
          } as const,
        ]),
  ]);
  const thresholds = lockupThreshold.map(
    ({ periodNs, atHostCost }): Quantity => ({
      part: 'stop',
      name: `stop that locks up under catch-up, period ${exact(periodNs)}`,
      unit: 'ns',
      value: atHostCost.stopNs,
      noise: unknown('it has no interval'),
    }),
  );
  return [...ticks, ...thresholds, ...rows.map(recovery)];
}
