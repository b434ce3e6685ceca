import type { ClockName } from '../host/clocks.ts';
import { madeFromTsc } from '../host/clocksource.ts';
import type { Fact } from '../host/fact.ts';
import type { Conversion } from '../host/vvar.ts';
import type { Brackets } from './bracket.ts';
import { type Candidate, candidatesWithin, kernelHz } from './kernel-ratio.ts';
import type { CalibrateResult } from './result.ts';

/** The part of a result that names the kernel's own conversion, or says why it cannot be named. */
type Identified = Pick<CalibrateResult, 'kernel' | 'kernelReason'>;

/** What was measured. */
type Measured = Pick<CalibrateResult, 'tscHz' | 'tscHzLow' | 'tscHzHigh' | 'standardErrorRatio'>;

/** A candidate this many standard errors away is looked at only where no nearer one explains the brackets. */
const FARTHEST = 8;

/**
 * Finds the mult and shift that the kernel uses, by the measured rate, and confirms them against every bracket.
 *
 * Only CLOCK_MONOTONIC_RAW on the clocksource `tsc` is the TSC times mult >> shift and nothing else: the others
 * are steered, and a paravirtual clocksource is scaled by the hypervisor.
 *
 * @param page what the kernel's own vDSO uses, which settles it where a short run cannot.
 */
export function identifyKernel(
  clock: ClockName,
  clocksource: Fact<string>,
  measured: Measured,
  brackets: Brackets,
  page: Fact<Conversion>,
): Identified {
  const derived = madeFromTsc(clocksource);
  if (clocksource.value === null) return { kernel: null, kernelReason: clocksource.reason };
  if (derived.value === null) return { kernel: null, kernelReason: derived.reason };
  const names = { clocksource: clocksource.value, derivedFromTsc: derived.value };
  const unnamed = (kernelReason: string): Identified => ({
    kernel: { ...names, tscKhz: null, mult: null, shift: null, hz: null, offsetRatio: null },
    kernelReason,
  });
  if (!derived.value) return unnamed(`${derived.source}: this is a comparison of two oscillators`);
  if (!clocksource.value.startsWith('tsc'))
    return unnamed(`${derived.source}: its ratio is not this kernel's own`);
  if (clock !== 'monotonic_raw')
    return unnamed(`the kernel steers ${clock}; only monotonic_raw shows its own ratio`);

  const fitting = fittingRatios(measured, brackets);
  const named = page.value !== null && explains(page.value, brackets) ? candidateOf(page.value) : null;
  const [only] = fitting ?? [];
  const found = named ?? (fitting?.length === 1 ? only : undefined);
  if (found === undefined) {
    if (fitting === null) return unnamed('the run was too short to tell one kHz from another');
    if (only === undefined)
      return unnamed('no integer kHz explains the brackets: the counter or its scale changed');
    return unnamed(`${fitting.length} ratios fit this run; a longer one tells them apart`);
  }
  const [tscKhz = null, ...others] = found.khz;
  return {
    kernel: {
      ...names,
      tscKhz: others.length === 0 ? tscKhz : null,
      mult: found.mult,
      shift: found.shift,
      hz: found.hz,
      offsetRatio: measured.tscHz / found.hz - 1,
    },
    kernelReason: reasonFor(found),
  };
}

/** Why no one kHz can be named, where none can. */
function reasonFor({ khz }: Candidate): string | null {
  if (khz.length === 1) return null;
  return khz.length === 0
    ? 'no whole number of kHz gives this mult and shift, which the vvar page names'
    : `${khz.join(', ')} kHz all give this mult and shift`;
}

/** Neighbouring candidates are a hundred times as far apart; double precision is not far below. */
const LEAST_REACH = 1e-9;

/** One ratio as a candidate, with the kHz that lead to it. */
function candidateOf({ mult, shift }: Conversion): Candidate {
  const hz = kernelHz({ mult, shift });
  const found = candidatesWithin(hz * (1 - 1e-12), hz * (1 + 1e-12))?.find((each) => each.shift === shift);
  return found ?? { mult, shift, hz, khz: [] };
}

/**
 * The ratios within the certain bounds that explain every bracket: those near the estimate where there are such, else
 * all, so that "the counter changed" rests on what is certain and on no standard error.
 *
 * @returns null where the bounds are too wide to say anything.
 */
function fittingRatios(
  { tscHz, tscHzLow, tscHzHigh, standardErrorRatio }: Measured,
  brackets: Brackets,
): Candidate[] | null {
  const reach = Math.max(LEAST_REACH, FARTHEST * standardErrorRatio) * tscHz;
  const within = (low: number, high: number) =>
    candidatesWithin(low, high)?.filter((ratio) => explains(ratio, brackets)) ?? null;
  const near = within(Math.max(tscHzLow, tscHz - reach), Math.min(tscHzHigh, tscHz + reach));
  return near === null || near.length > 0 ? near : within(tscHzLow, tscHzHigh);
}

/** Brackets that are checked exactly; spread over the whole run. */
const CHECKED = 4096;

/**
 * Whether some phase makes every bracket come out as the kernel computes it: (tsc * mult + phase) >> shift is
 * the clock's reading for a TSC between `before` and `after`.
 */
export function explains({ mult, shift }: Conversion, { before, ns, after }: Brackets): boolean {
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
