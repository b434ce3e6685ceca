/** LVTT: the interrupt vector. */
export const APIC_VECTOR_MASK = 0xff;
/** LVTT bit 12, delivery pending. */
export const APIC_SEND_PENDING = 1 << 12;
/** LVTT bit 16: the timer runs, its interrupt does not reach the guest. */
export const APIC_LVT_MASKED = 1 << 16;

/** LVTT bits 18:17, the timer mode. Both bits set (11) is reserved: neither kind of timer. */
export const APIC_LVT_TIMER_ONESHOT = 0;
/** LVTT's mode bits: periodic, reloaded from TMICT. */
export const APIC_LVT_TIMER_PERIODIC = 1 << 17;
/** LVTT's mode bits: an absolute guest TSC, in IA32_TSC_DEADLINE. */
export const APIC_LVT_TIMER_TSCDEADLINE = 2 << 17;

/** The mode bits that a guest with, and one without, TSC-deadline mode in its CPUID may write. */
const timerModeMask = (tscDeadlineTimer: boolean): number => (tscDeadlineTimer ? 3 << 17 : 1 << 17);

/** The modes by LVTT's two bits, for people and documents. */
export const timerModeNames = ['one-shot', 'periodic', 'tsc-deadline', 'reserved'] as const;
/** A mode's name. */
export type TimerModeName = (typeof timerModeNames)[number];

/** The name of the mode bits of LVTT. */
export const timerModeName = (mode: number): TimerModeName =>
  timerModeNames[(mode >> 17) & 3] as TimerModeName;

/** What LVTT keeps of a written value. */
export const lvttWritable = (value: number, tscDeadlineTimer: boolean): number =>
  value & (APIC_VECTOR_MASK | APIC_SEND_PENDING | APIC_LVT_MASKED | timerModeMask(tscDeadlineTimer));

/** The mode bits of a stored LVTT. */
export const lvttTimerMode = (lvtt: number, tscDeadlineTimer: boolean): number =>
  lvtt & timerModeMask(tscDeadlineTimer);

/** What TDCR keeps of a written value: bits 3, 1 and 0. */
export const tdcrWritable = (value: number): number => value & 0xb;

/** The divide count of a TDCR value: 2, 4, 8, 16, 32, 64, 128, and 1 for 0xb. */
export const divideCountOf = (tdcr: number): number => {
  const code = ((tdcr & 3) | ((tdcr & 8) >> 1)) + 1;
  return 1 << (code & 7);
};

/** Every value that TDCR can hold. */
const TDCR_VALUES = [0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa, 0xb];

/** TDCR by divide count, ascending: 1, 2, 4 ... 128. */
export const tdcrByDivide: ReadonlyMap<number, number> = new Map(
  TDCR_VALUES.map((tdcr) => [divideCountOf(tdcr), tdcr] as const).sort(([a], [b]) => a - b),
);
