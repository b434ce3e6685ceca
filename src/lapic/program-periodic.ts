import type { LapicTimer } from './lapic-timer.ts';
import { writeLvtt, writeTdcr, writeTmict } from './register-writes.ts';
import { APIC_LVT_TIMER_PERIODIC } from './registers.ts';

/** Any vector will do; Linux guests use this one for the local timer. */
const LOCAL_TIMER_VECTOR = 0xec;

/** TDCR values by divide count, ascending. */
const TDCR_OF = new Map<number, number>([
  [1, 0xb],
  [2, 0x0],
  [4, 0x1],
  [8, 0x2],
  [16, 0x3],
  [32, 0x8],
  [64, 0x9],
  [128, 0xa],
]);

/**
 * What a guest does to get an interrupt every `periodNs`: LVTT, TDCR with the smallest divide count under which the
 * count fits 32 bits, TMICT.
 *
 * @param periodNs a multiple of the bus cycle and that divide count.
 * @throws RangeError for a period that the registers cannot hold.
 */
export function programPeriodic(timer: LapicTimer, periodNs: bigint): void {
  for (const [divide, tdcr] of TDCR_OF) {
    const tick = BigInt(timer.config.busCycleNs * divide);
    const count = periodNs / tick;
    if (count < 1n || count >= 2n ** 32n || count * tick !== periodNs) continue;
    writeLvtt(timer, APIC_LVT_TIMER_PERIODIC | LOCAL_TIMER_VECTOR);
    writeTdcr(timer, tdcr);
    writeTmict(timer, Number(count));
    return;
  }
  throw new RangeError(`a period of ${periodNs} ns does not fit the timer's 32-bit count`);
}
