import type { ClockName } from '../host/clocks.ts';
import { madeFromTsc } from '../host/clocksource.ts';
import type { Fact } from '../host/fact.ts';
import type { Brackets } from './bracket.ts';
import { type Candidate, candidatesWithin, type KernelRatio } from './kernel-ratio.ts';
import type { CalibrateResult } from './result.ts';

/** The part of a result that names the kernel's own conversion, or says why it cannot be named. */
export interface Identified {
  readonly kernel: CalibrateResult['kernel'];
  readonly reason: string | null;
}

/** What was measured, Hz. */
export interface Measured {
  readonly tscHz: number;
  readonly tscHzLow: number;
  readonly tscHzHigh: number;
  readonly standardErrorRatio: number;
}

/** A candidate this many standard errors away is not the one, whatever the noise's shape. */
const FARTHEST = 8;

/**
 * Finds the mult and shift that the kernel uses, by the measured rate, and confirms them against every bracket.
 *
 * Only CLOCK_MONOTONIC_RAW on the clocksource `tsc` is the TSC times mult >> shift and nothing else: the others
 * are steered, and a paravirtual clocksource is scaled by the hypervisor.
 */
export function identifyKernel(
  clock: ClockName,
  clocksource: Fact<string>,
  measured: Measured,
  brackets: Brackets,
): Identified {
  const derived = madeFromTsc(clocksource);
  if (clocksource.value === null) return { kernel: null, reason: clocksource.reason };
  if (derived.value === null) return { kernel: null, reason: derived.reason };
  const unnamed = (reason: string): Identified => ({
    kernel: {
      clocksource: clocksource.value,
      derivedFromTsc: derived.value,
      tscKhz: null,
      mult: null,
      shift: null,
      hz: null,
      offsetRatio: null,
    },
    reason,
  });
  if (!derived.value) return unnamed(`${derived.source}: this is a comparison of two oscillators`);
  if (!clocksource.value.startsWith('tsc'))
    return unnamed(`${derived.source}: its ratio is not this kernel's own`);
  if (clock !== 'monotonic_raw')
    return unnamed(`the kernel steers ${clock}; only monotonic_raw shows its own ratio`);

  const candidates = plausible(measured);
  if (candidates === null) return unnamed('the run was too short to tell one kHz from another');
  const fitting = candidates.filter((ratio) => explains(ratio, brackets));
  const [found] = fitting;
  if (found === undefined)
    return unnamed('no integer kHz explains the brackets: the counter or its scale changed');
  if (fitting.length > 1)
    return unnamed(`${fitting.length} ratios fit this run; a longer one tells them apart`);
  const [tscKhz = null, ...others] = found.khz;
  return {
    kernel: {
      clocksource: clocksource.value,
      derivedFromTsc: true,
      tscKhz: others.length === 0 ? tscKhz : null,
      mult: found.mult,
      shift: found.shift,
      hz: found.hz,
      offsetRatio: measured.tscHz / found.hz - 1,
    },
    reason: others.length === 0 ? null : `${found.khz.join(', ')} kHz all give this mult and shift`,
  };
}

/** Neighbouring candidates are a hundred times as far apart; double precision is not far below. */
const LEAST_REACH = 1e-9;

/** The candidates within the hard interval and near the estimate. */
function plausible({ tscHz, tscHzLow, tscHzHigh, standardErrorRatio }: Measured): Candidate[] | null {
  const reach = Math.max(LEAST_REACH, FARTHEST * standardErrorRatio) * tscHz;
  return candidatesWithin(Math.max(tscHzLow, tscHz - reach), Math.min(tscHzHigh, tscHz + reach));
}

/** Brackets that are checked exactly; spread over the whole run. */
const CHECKED = 4096;

/**
 * Whether some phase makes every bracket come out as the kernel computes it: (tsc * mult + phase) >> shift is
 * the clock's reading for a TSC between `before` and `after`.
 */
export function explains({ mult, shift }: KernelRatio, { before, ns, after }: Brackets): boolean {
  const m = BigInt(mult);
  const s = BigInt(shift);
  const stride = Math.max(1, Math.floor(ns.length / CHECKED));
  let least: bigint | null = null;
  let most: bigint | null = null;
  for (let i = 0; i < ns.length; i += stride) {
    const reading = BigInt(ns[i] ?? 0) << s;
    const low = reading - BigInt(after[i] ?? 0) * m;
    const high = reading + (1n << s) - BigInt(before[i] ?? 0) * m;
    if (least === null || low > least) least = low;
    if (most === null || high < most) most = high;
  }
  return least !== null && most !== null && least < most;
}
