import type { Words } from '../clock/time-source.ts';

// The conversions of x86.c: time to guest cycles, host cycles to guest cycles and back.
//
// Throughout this folder BigInt.asIntN and asUintN are called in place, never through a helper: V8 turns such an
// expression into 64-bit machine arithmetic, and a helper's mixed callers cost ten times the time.
//
// A variable assigned on two branches is never shifted right as it is, but as BigInt.asUintN(64, it) >> n: V8 11.3
// (Node 20) aborts the process while it compiles such a shift.

/** Multiplier and shift that turn nanoseconds into guest cycles, as `kvm_get_time_scale` computes them. */
export interface TimeScale {
  /** u32, with 32 fractional bits. */
  readonly mult: number;
  /** Binary shift before the multiplication; negative shifts right. */
  readonly shift: number;
  /** [mult, 2^|shift|] as machine words, so that the conversion allocates nothing. */
  readonly words: Words<typeof MULT | typeof FACTOR>;
}

const NS_PER_S = 1_000_000_000n;
const MULT = 0;
const FACTOR = 1;
const U32_LIMIT = 2n ** 32n;

/**
 * `kvm_get_time_scale(khz * 1000, NSEC_PER_SEC)`.
 *
 * @param khz integer kHz, 1 to 2^32 - 1.
 * @throws RangeError for another rate: the kernel's loops would not end at 0.
 */
export function timeScale(khz: number): TimeScale {
  if (!Number.isInteger(khz) || khz < 1 || khz >= 2 ** 32) {
    throw new RangeError(`guestTscKhz must be an integer between 1 and 2^32 - 1, not ${khz}`);
  }
  let scaled = BigInt(khz) * 1000n;
  let ticks = NS_PER_S;
  let shift = 0;
  while (ticks > 2n * scaled) {
    ticks >>= 1n;
    shift -= 1;
  }
  while (ticks <= scaled || scaled >= U32_LIMIT) {
    if (scaled >= U32_LIMIT || ticks >= U32_LIMIT / 2n) scaled >>= 1n;
    else ticks <<= 1n;
    shift += 1;
  }
  const mult = (scaled * U32_LIMIT) / ticks;
  const words = new BigInt64Array([mult, 2n ** BigInt(Math.abs(shift))]) as TimeScale['words'];
  return { mult: Number(mult), shift, words };
}

/**
 * `nsec_to_cycles`: guest cycles in `ns`, through a 96-bit product of which the low 64 bits remain.
 *
 * A negative `ns` enters as 2^64 - n and comes out near mult * 2^32, far in the future: the root of the backlog
 * under `catch-up`.
 *
 * @returns u64.
 */
export function nsecToCycles(scale: TimeScale, ns: bigint): bigint {
  const { words } = scale;
  const mult = words[MULT];
  const shifted =
    scale.shift < 0
      ? BigInt.asUintN(64, BigInt.asUintN(64, ns) / words[FACTOR])
      : BigInt.asUintN(64, BigInt.asUintN(64, ns) * words[FACTOR]);
  const high = BigInt.asUintN(64, (BigInt.asUintN(64, shifted) >> 32n) * mult);
  const low = BigInt.asUintN(64, BigInt.asUintN(64, shifted & 0xffff_ffffn) * mult);
  return BigInt.asUintN(64, high + BigInt.asUintN(64, low >> 32n));
}

/** Fractional bits of the scaling ratio. */
const RATIO_FRACTION_BITS = 48n;

/** How the guest's TSC follows from the host's. */
export interface L1Tsc {
  /** The ratio is not one. */
  readonly tscScaled: boolean;
  /** Guest cycles for each host cycle, 48 fractional bits. */
  readonly l1TscScalingRatio: bigint;
  /** Added to the scaled host TSC, modulo 2^64. */
  readonly l1TscOffset: bigint;
}

/** `kvm_read_l1_tsc`: the guest's TSC when the host's reads `tsc`; a 128-bit product where the rate is scaled. */
export function readL1Tsc(l1: L1Tsc, tsc: bigint): bigint {
  if (!l1.tscScaled) return BigInt.asUintN(64, tsc + l1.l1TscOffset);
  const scaled = (BigInt.asUintN(64, tsc) * l1.l1TscScalingRatio) >> RATIO_FRACTION_BITS;
  return BigInt.asUintN(64, scaled + l1.l1TscOffset);
}

/**
 * Host cycles in `guestCycles`, as `u64_shl_div_u64` divides.
 *
 * @returns u64, or null where the quotient needs more than 64 bits.
 */
export function hostCycles(l1: L1Tsc, guestCycles: bigint): bigint | null {
  if (!l1.tscScaled) return guestCycles;
  const quotient = (guestCycles << RATIO_FRACTION_BITS) / l1.l1TscScalingRatio;
  return quotient < 2n ** 64n ? quotient : null;
}
