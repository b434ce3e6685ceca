import type { FleetLedger } from '../../schema/fleet-hub.ts';
import type { Settled } from '../store/settled.ts';

/**
 * Where every message of the stream is. What is stored but not yet acknowledged is counted as stored, not as waiting.
 *
 * @param waiting as the hub says it: not acknowledged.
 */
export function ledgerOf(received: number, waiting: number, { stored, refused }: Settled): FleetLedger {
  const left = Math.max(0, received - stored - refused);
  const stillWaiting = Math.min(waiting, left);
  return { received, stored, refused, waiting: stillWaiting, expired: left - stillWaiting };
}
