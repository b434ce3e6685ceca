/** What the host and the VMM fixed before the guest ran; nothing here changes while a timer lives. */
export interface LapicConfig {
  /** `virtual_tsc_khz`: the rate the guest was told, integer kHz, 1 to 2^32 - 1. */
  readonly guestTscKhz: number;
  /** Added to the scaled host TSC, modulo 2^64. */
  readonly l1TscOffset: bigint;
  /** Guest cycles for each host cycle with 48 fractional bits; null is one to one (no TSC scaling). */
  readonly l1TscScalingRatio: bigint | null;
  /** The VMX preemption timer counts TSC >> this (IA32_VMX_MISC bits 4:0) in 32 bits. */
  readonly preemptionTimerShift: number;
  /** `lapic_timer_advance_ns`: how early the HV timer fires. KVM starts at 1000 and adapts up to 5000. */
  readonly timerAdvanceNs: number;
  /** Module parameter `min_timer_period_us`, for periodic mode only. */
  readonly minTimerPeriodUs: number;
  /** `apic_bus_cycle_ns`: what one count of an undivided timer lasts. */
  readonly busCycleNs: number;
  /** False where there is no VMX preemption timer (AMD, or a host that posts timer interrupts). */
  readonly hvTimer: boolean;
  /** The guest's CPUID offers TSC-deadline mode, so that LVTT has two mode bits. */
  readonly tscDeadlineTimer: boolean;
  /**
   * `apicv_active`: an expiry outside the hrtimer's callback goes into the guest's IRR at once and never sets `pending`.
   * Most Intel hosts have it; with it `reinject` means nothing, for it counts what `pending` holds back.
   */
  readonly apicv: boolean;
}

/** How an expiry reaches the guest: through `pending` before the next entry, or posted at once (`pi_inject_timer`). */
export type Delivery = 'coalesced' | 'posted';

/** A scaling ratio of one: 48 fractional bits (`default_tsc_scaling_ratio` on Intel). */
export const DEFAULT_TSC_SCALING_RATIO: bigint = 1n << 48n;

/** KVM's defaults, all but the TSC rate, which is the host's. */
export const lapicDefaults: Omit<LapicConfig, 'guestTscKhz'> = {
  l1TscOffset: 0n,
  l1TscScalingRatio: null,
  preemptionTimerShift: 5,
  timerAdvanceNs: 0,
  minTimerPeriodUs: 200,
  busCycleNs: 1,
  hvTimer: true,
  tscDeadlineTimer: true,
  apicv: false,
};

/** KVM's defaults; a period below `min_timer_period_us` is run as if the module had been loaded with a lower one. */
export const configFor = (guestTscKhz: number, periodNs: bigint, hvTimer: boolean): LapicConfig => ({
  ...lapicDefaults,
  guestTscKhz,
  hvTimer,
  minTimerPeriodUs: Math.min(lapicDefaults.minTimerPeriodUs, Number(periodNs / 1000n)),
});
