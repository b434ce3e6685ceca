import { count } from '../../digits.ts';
import type { FleetCollectResult, FleetInitResult } from '../../schema/fleet-hub.ts';

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
      : ` Of ${count(ledger.received)} messages that the hub ever took ${count(ledger.stored)} are stored, ${count(ledger.refused)} refused, ${count(ledger.waiting)} waiting.`;
  return `Collected ${count(batches)} batches with ${count(rollups)} minutes and hours from ${hub} into ${db}; ${count(refused)} were put aside.${rest}`;
}
