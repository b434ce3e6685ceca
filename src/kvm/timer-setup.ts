import { usageError } from '../errors.ts';
import { fileText } from '../host/fact.ts';
import { tdcrByDivide } from '../lapic/registers.ts';
import { formatNs, NS_PER_US } from '../units.ts';

/** What is written to the guest's timer, and the period that KVM makes of it. */
export interface TimerSetup {
  /** Divide configuration register (TDCR). */
  readonly divideRegister: number;
  readonly divide: number;
  /** Initial count register (TMICT); one undivided count lasts 1 ns under KVM. */
  readonly initialCount: number;
  /** The period after KVM's lower limit, ns. */
  readonly periodNs: number;
}

/** What the timer can divide by. */
export const DIVIDES: readonly number[] = [...tdcrByDivide.keys()];

const MAX_COUNT = 2 ** 32 - 1;

/**
 * The registers for a period.
 *
 * @param minPeriodNs KVM's `min_timer_period_us`: a shorter period becomes this long.
 * @throws TscopeError USAGE where `divide` is none of the timer's or does not divide the period, and where the
 * count does not fit the register.
 */
export function timerSetup(periodNs: number, divide: number, minPeriodNs: number): TimerSetup {
  const divideRegister = tdcrByDivide.get(divide);
  if (divideRegister === undefined) {
    throw usageError(`\`divide\`: ${divide} is not one of ${DIVIDES.join(', ')}.`);
  }
  const initialCount = periodNs / divide;
  if (!Number.isInteger(initialCount) || initialCount < 1 || initialCount > MAX_COUNT) {
    throw usageError(
      `\`periodNs\`: ${formatNs(periodNs)} is not 1 to ${MAX_COUNT} counts of ${divide} ns.`,
      'The period must be a multiple of the divide count.',
    );
  }
  return { divideRegister, divide, initialCount, periodNs: Math.max(periodNs, minPeriodNs) };
}

const MIN_PERIOD_FILE = '/sys/module/kvm/parameters/min_timer_period_us';
/** KVM's default, for hosts where the parameter cannot be read. */
const DEFAULT_MIN_PERIOD_US = '200';

/** KVM's lower limit for a periodic timer on this host, ns. */
export const minPeriodNs = (file: string = MIN_PERIOD_FILE): number =>
  Number.parseInt(fileText(file) ?? DEFAULT_MIN_PERIOD_US, 10) * NS_PER_US;
