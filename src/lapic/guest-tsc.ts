import type { LapicTimer } from './lapic-timer.ts';

/** A scaling ratio of one: 48 fractional bits (`default_tsc_scaling_ratio` on Intel). */
export const DEFAULT_TSC_SCALING_RATIO: bigint = 1n << 48n;

const RATIO_FRACTION_BITS = 48n;

/** `kvm_read_l1_tsc`: the guest's TSC when the host's reads `tsc`; a 128-bit product where the rate is scaled. */
export function readL1Tsc(timer: LapicTimer, tsc: bigint): bigint {
  if (!timer.tscScaled) return BigInt.asUintN(64, tsc + timer.l1TscOffset);
  const scaled = (BigInt.asUintN(64, tsc) * timer.l1TscScalingRatio) >> RATIO_FRACTION_BITS;
  return BigInt.asUintN(64, scaled + timer.l1TscOffset);
}

/**
 * Host cycles in `guestCycles`, as `u64_shl_div_u64` divides.
 *
 * @returns u64, or null where the quotient needs more than 64 bits.
 */
export function hostCycles(timer: LapicTimer, guestCycles: bigint): bigint | null {
  if (!timer.tscScaled || guestCycles === 0n) return guestCycles;
  const quotient = (guestCycles << RATIO_FRACTION_BITS) / timer.l1TscScalingRatio;
  return quotient < 2n ** 64n ? quotient : null;
}
