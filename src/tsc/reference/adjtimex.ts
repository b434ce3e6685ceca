import { reasonOf } from '../../host/fact.ts';
import { type Adjtimex, native } from '../../native.ts';
import { byCorrection, type NoReference, type Reference } from './reference.ts';

const STA_UNSYNC = 0x40;
const STA_NANO = 0x2000;

/** User-space ticks in a second; 100 on every x86 kernel. */
const USER_HZ = 100;

/** A crystal's rate moves by about this much with the temperature between two corrections. */
const LEAST_ERROR_RATIO = 1e-7;

/**
 * The correction that the kernel applies to the raw clock to make the disciplined one.
 *
 * c = (tick * USER_HZ / 1e6 - 1) + freq / (65536 * 1e6), of adjtimex(2). Its error is not reported; what is left
 * of the time error, over four time constants of the kernel's loop, is how wrong the rate can have been.
 */
export function referenceFrom(state: Adjtimex): Reference | NoReference {
  if ((state.status & STA_UNSYNC) !== 0) {
    return { reason: "adjtimex: nothing disciplines the kernel's clock (STA_UNSYNC)" };
  }
  const offsetS = Math.abs(state.offset) * ((state.status & STA_NANO) !== 0 ? 1e-9 : 1e-6);
  const loopS = 4 * 2 ** Math.max(0, state.constant);
  return {
    trueHz: byCorrection((state.tick * USER_HZ) / 1e6 - 1 + state.freq / (65_536 * 1e6)),
    errorRatio: Math.max(LEAST_ERROR_RATIO, (offsetS + state.estErrorUs * 1e-6) / loopS),
    name: "adjtimex (the kernel's discipline)",
  };
}

/** The kernel's own discipline. */
export function adjtimexReference(): Reference | NoReference {
  try {
    return referenceFrom(native().readAdjtimex());
  } catch (error) {
    return { reason: `adjtimex: ${reasonOf(error)}` };
  }
}
