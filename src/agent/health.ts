import type { AgentHealth } from '../schema/agent-api.ts';
import type { ShippingHealth } from './shipping-view.ts';
import type { AgentState } from './state.ts';
import type { Ledger, StoreHealth } from './storing/store-queue.ts';

/** Intervals without a sample after which something is wrong. */
export const PATIENCE = 3;
/** The least time to wait for one, ms: a calibration or a busy host may take it. */
const LEAST_MS = 5_000;

function samplingReason(state: AgentState, intervalNs: number, ageMs: number): string | null {
  if (state.samplingFailure !== null) return state.samplingFailure;
  const limitMs = Math.max(LEAST_MS, (PATIENCE * intervalNs) / 1e6);
  return ageMs > limitMs ? `no sample for ${(ageMs / 1000).toFixed(1)} s` : null;
}

/**
 * What `/healthz` answers.
 *
 * @param nowMs of `performance.now`.
 */
export function healthOf(
  state: AgentState,
  store: StoreHealth,
  ledger: Ledger,
  intervalNs: number,
  hub: ShippingHealth | null,
  nowMs = performance.now(),
): AgentHealth {
  const ageMs = nowMs - (state.sampledAt ?? 0);
  const dropped = Object.values(ledger.dropped).reduce((sum, count) => sum + count, 0);
  const reason = samplingReason(state, intervalNs, ageMs);
  const lastSampleAgeSeconds = state.sampledAt === null ? null : ageMs / 1000;
  return {
    status: reason === null && store.ok ? 'ok' : 'degraded',
    sampling: { ok: reason === null, reason, lastSampleAgeSeconds },
    store: { ...store, pending: ledger.waiting, dropped },
    samples: ledger,
    ...(hub === null ? {} : { hub }),
  };
}
