import { lockupStopNs } from '../../lapic/catch-up.ts';
import { lapicDefaults } from '../../lapic/config.ts';
import { vcpuDefaults } from '../../lapic/vcpu.ts';
import type { KernelFinding } from '../findings/kernels.ts';
import type { FleetStore } from '../store/fleet-store.ts';
import {
  type Profile,
  putProfiles,
  type StaleProfile,
  type StampedProfile,
  staleProfiles,
  WEEK_HOURS,
} from '../store/profiles.ts';

/** Profiles that are read at once. */
export const PAGE = 1000;

/** What the kernel takes the TSC for, Hz, and by how much that is off what hardware or hypervisor say, a ratio. */
export interface ClaimedRate {
  readonly hz: number;
  readonly ratio: number | null;
}

/** The shortest period that KVM grants unless it is told otherwise, ns: the one that locks a host up soonest. */
const LOCKUP_PERIOD_NS = lapicDefaults.minTimerPeriodUs * 1e3;

/** What a kvm document's summary says, as far as it is judged. */
interface KvmSummary {
  readonly path?: string;
  readonly fix?: KernelFinding['fix'];
  readonly trace?: { readonly callbackNs?: { readonly p50: number } | null } | null;
  readonly burstEstimate?: { readonly callbacks: number; readonly burstNs: number };
}

/** What a callback costs: as the kernel's trace measured it on that host, or else as the run estimated it. */
function callbackNsOf({ trace, burstEstimate }: KvmSummary): number | null {
  const measured = trace?.callbackNs?.p50 ?? null;
  if (measured !== null) return measured;
  return burstEstimate === undefined || burstEstimate.callbacks === 0
    ? null
    : burstEstimate.burstNs / burstEstimate.callbacks;
}

function kvmOf({ kernel, summary }: NonNullable<StaleProfile['document']>): KernelFinding {
  const said = JSON.parse(summary) as KvmSummary;
  const { path = 'unknown', fix = 'untested' } = said;
  const callbackNs = callbackNsOf(said);
  const lockupNs =
    callbackNs === null ? null : lockupStopNs(Number(vcpuDefaults.watchdogNs), LOCKUP_PERIOD_NS, callbackNs);
  return { kernel: kernel ?? 'unknown', path, fix, lockupNs };
}

function claimOf({ kernelHz, tscHz, claims }: NonNullable<StaleProfile['calibration']>): ClaimedRate {
  const claim = claims.find(({ hz }) => hz !== null)?.hz ?? null;
  const hz = kernelHz ?? tscHz;
  return { hz, ratio: claim === null ? null : hz / claim - 1 };
}

/** A profile's rates with another hour as the last. */
export function ratesTo({ hour, rates }: Pick<Profile, 'hour' | 'rates'>, last: number): Float32Array {
  const moved = new Float32Array(WEEK_HOURS).fill(Number.NaN);
  const by = last - hour;
  if (Math.abs(by) >= WEEK_HOURS) return moved;
  moved.set(rates.subarray(Math.max(0, by), WEEK_HOURS + Math.min(0, by)), Math.max(0, -by));
  return moved;
}

/** A profile with what came since. @param hour the last that it is to hold. */
export function renewed(stale: StaleProfile, hour: number): StampedProfile {
  const { host, stamp, fresh, hours, calibration, document } = stale;
  const rates = ratesTo(stale, hour);
  const first = hour - WEEK_HOURS + 1;
  rates.fill(Number.NaN, Math.min(WEEK_HOURS, Math.max(0, fresh - first)));
  for (const [at, rate] of hours) rates[at - first] = rate;
  return {
    host,
    stamp,
    hour,
    rates,
    claim: calibration === null ? null : JSON.stringify(claimOf(calibration)),
    kvm: document === null ? null : JSON.stringify(kvmOf(document)),
  };
}

/** Brings up to date the profiles of all hosts that have sent something since. @param hour the present one. */
export async function renewProfiles(store: FleetStore, hour: number): Promise<void> {
  for (let after = 0; ; ) {
    const stale = await staleProfiles(store, hour, after, PAGE);
    const last = stale.at(-1);
    if (last === undefined) return;
    await putProfiles(
      store,
      stale.map((one) => renewed(one, hour)),
    );
    after = last.host;
  }
}
