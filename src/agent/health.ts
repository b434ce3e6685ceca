import type { StoreHealth } from './recording/store-health.ts';
import type { AgentState } from './state.ts';

/** Intervals without a sample after which something is wrong. */
const PATIENCE = 3;
/** The least time to wait for one, ms: a calibration or a busy host may take it. */
const LEAST_MS = 5_000;

/** What `/healthz` answers. */
export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly sampling: {
    readonly ok: boolean;
    readonly reason: string | null;
    /** Age of the last sample, s; null before the first. */
    readonly lastSampleAgeSeconds: number | null;
  };
  readonly store: StoreHealth;
}

function samplingReason(state: AgentState, intervalNs: number, ageMs: number): string | null {
  if (state.samplingFailure !== null) return state.samplingFailure;
  const limitMs = Math.max(LEAST_MS, (PATIENCE * intervalNs) / 1e6);
  return ageMs > limitMs ? `no sample for ${(ageMs / 1000).toFixed(1)} s` : null;
}

/** @param nowMs of `performance.now`. */
export function healthOf(
  state: AgentState,
  store: StoreHealth,
  intervalNs: number,
  nowMs = performance.now(),
): Health {
  const ageMs = nowMs - (state.sampledAt ?? 0);
  const reason = samplingReason(state, intervalNs, ageMs);
  const lastSampleAgeSeconds = state.sampledAt === null ? null : ageMs / 1000;
  return {
    status: reason === null && store.ok ? 'ok' : 'degraded',
    sampling: { ok: reason === null, reason, lastSampleAgeSeconds },
    store,
  };
}
