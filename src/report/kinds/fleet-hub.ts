import type { FleetCollectResult, FleetInitResult } from '../../schema/fleet-hub.ts';
import { formatCount } from '../../units.ts';

export function fleetInitText({ hub, made, there, differences, config }: FleetInitResult): string {
  if (config !== null) return config;
  return [
    made.length === 0
      ? `${hub} has all that a fleet needs; nothing was changed.`
      : `Made on ${hub}: ${made.join(', ')}.`,
    ...(made.length > 0 && there.length > 0 ? [`There already: ${there.join(', ')}.`] : []),
    ...differences.map(
      ({ what, field, is, asked }) =>
        `Differs: ${what} has ${field} ${is}, asked for was ${asked}; it was left so.`,
    ),
  ].join('\n');
}

export function fleetCollectText({ hub, db, batches, rollups, refused, ledger }: FleetCollectResult): string {
  const rest =
    ledger === null
      ? ''
      : ` Of ${formatCount(ledger.received)} messages that the hub ever took ${formatCount(ledger.stored)} are stored, ${formatCount(ledger.refused)} refused, ${formatCount(ledger.waiting)} waiting.`;
  return `Collected ${formatCount(batches)} batches with ${formatCount(rollups)} minutes and hours from ${hub} into ${db}; ${formatCount(refused)} were put aside.${rest}`;
}
