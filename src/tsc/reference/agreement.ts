import { formatHz, formatRatio } from '../../units.ts';
import type { Warning } from '../../warning.ts';
import type { Claim } from '../claims/claim.ts';
import type { Reference } from './reference.ts';

/**
 * No crystal of a computer is farther from its nominal frequency, and no kernel's calibration at boot farther from the
 * crystal, than this together.
 */
const CRYSTAL_RATIO = 500e-6;

/** Claims that are about the TSC and good to what a crystal is. */
const NOMINAL = [
  'CPUID 0x15',
  'CPUID 0x40000010',
  'kernel log, "Detected"',
  'kernel log, "Refined"',
  'pvclock page',
];

/** Every two references, and every reference and claim, that are apart by more than their errors allow. */
export function disagreements(
  references: readonly Reference[],
  claims: readonly Claim[],
  rawHz: number,
): Warning[] {
  const rates = references.map(({ name, trueHz, errorRatio }) => ({ name, hz: trueHz(rawHz), errorRatio }));
  const between = rates.flatMap((one, i) =>
    rates.slice(i + 1).flatMap((other): Warning[] => {
      const apart = other.hz / one.hz - 1;
      if (Math.abs(apart) <= one.errorRatio + other.errorRatio) return [];
      return [
        {
          code: 'references-disagree',
          message: `${one.name} and ${other.name} are ${formatRatio(apart)} apart, beyond their errors: at least one is wrong.`,
          hint: 'The true rate shown is that of the first; see which of the two really follows a source of time.',
        },
      ];
    }),
  );
  const nominal = claims.flatMap(({ source, hz }) =>
    NOMINAL.includes(source) && hz !== null ? [{ source, hz }] : [],
  );
  const implausible = rates.flatMap(({ name, hz, errorRatio }): Warning[] => {
    const isNear = (other: number) => Math.abs(hz / other - 1) <= CRYSTAL_RATIO + errorRatio;
    const [claim] = nominal;
    // One that bears it out is enough: firmware that names nonsense speaks against nobody.
    if (claim === undefined || isNear(rawHz) || nominal.some((each) => isNear(each.hz))) return [];
    return [
      {
        code: 'reference-implausible',
        message: `By ${name} the TSC runs ${formatRatio(hz / claim.hz - 1)} from the ${formatHz(claim.hz)} of ${claim.source}: no crystal is that far off.`,
        hint: 'Believe neither before the reference has been compared with a third clock.',
      },
    ];
  });
  return [...between, ...implausible];
}
