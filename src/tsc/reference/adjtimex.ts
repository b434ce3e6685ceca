import { correctionOf, disciplineOf, STA_NANO } from '../../host/discipline.ts';
import { reasonOf } from '../../host/fact.ts';
import { type Adjtimex, native } from '../../native.ts';
import { formatRatio } from '../../units.ts';
import { byCorrection, CRYSTAL_WANDER, type NoReference, type Reference } from './reference.ts';

/** The kernel lets maxerror grow by this much while nobody corrects its clock, us for each second. */
const MAX_ERROR_GROWTH = 500;

/** A rate that is bounded worse than the kernel can correct by (500 ppm) is none. */
const MOST_ERROR_RATIO = 500e-6;

/**
 * The correction that the kernel applies to the raw clock to make the disciplined one.
 *
 * Its error is not reported, but the time's is: the clock is within maxerror of true time, and the rate was found over
 * the time constants of the kernel's loop, and has stood since the last correction (maxerror tells when that was at
 * most). What is left of the time's error over that time is how wrong the rate can be.
 */
export function referenceFrom(state: Adjtimex): Reference | NoReference {
  const none = (reason: string): NoReference => ({ reason: `adjtimex: ${reason}` });
  const correction = correctionOf(state);
  switch (disciplineOf(state)) {
    case 'none':
      return none("nothing disciplines the kernel's clock (STA_UNSYNC)");
    case 'untold':
      return none(
        `the kernel's clock is corrected by ${formatRatio(correction)}, but the kernel is not told that it is synchronised (STA_UNSYNC): chronyd without rtcsync?`,
      );
    case 'failing':
      return none(
        `the kernel reports that its clock cannot be trusted (state ${state.state}, status 0x${state.status.toString(16)}, maxerror ${state.maxErrorUs / 1e6} s)`,
      );
    case 'told': {
      const offsetS = Math.abs(state.offset) * ((state.status & STA_NANO) !== 0 ? 1e-9 : 1e-6);
      const loopS = 4 * 2 ** Math.max(0, state.constant);
      const sinceS = state.maxErrorUs / MAX_ERROR_GROWTH;
      const errorS = Math.max(offsetS + state.estErrorUs * 1e-6, state.maxErrorUs * 1e-6);
      const errorRatio = Math.max(CRYSTAL_WANDER, errorS / (loopS + sinceS));
      if (errorRatio > MOST_ERROR_RATIO) {
        return none(
          `the kernel's clock is disciplined, but its errors bound the rate only to ${Number((errorRatio * 1e6).toPrecision(3))} ppm`,
        );
      }
      return {
        trueHz: byCorrection(correction),
        errorRatio,
        name: "adjtimex (the kernel's discipline)",
      };
    }
  }
}

/** The kernel's own discipline. */
export function adjtimexReference(): Reference | NoReference {
  try {
    return referenceFrom(native().readAdjtimex());
  } catch (error) {
    return { reason: `adjtimex: ${reasonOf(error)}` };
  }
}
