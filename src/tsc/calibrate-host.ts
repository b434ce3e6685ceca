import type { Control } from '../clock/control.ts';
import { reasonOf } from '../host/fact.ts';
import { tscRemarks } from '../host/kernel-log.ts';
import { tscFacts } from '../host/tsc.ts';
import { native } from '../native.ts';
import { type CalibrateOptions, type Calibration, calibrate } from './calibrate.ts';
import { collectClaims } from './claims/collect.ts';
import { convergenceOf } from './convergence.ts';
import { compareCpus } from './cpus/compare.ts';
import { type Exchanger, hostExchanger, type Survey, survey } from './cpus/survey.ts';
import { stayOnThisCpu } from './one-cpu.ts';
import { adjtimexReference } from './reference/adjtimex.ts';
import { disagreements } from './reference/agreement.ts';
import { chronyReference } from './reference/chrony.ts';
import { comparePtpClocks } from './reference/ptp.ts';
import { isReference } from './reference/reference.ts';
import type { CalibrateResult } from './result.ts';
import { hostSource } from './source.ts';
import { rawRate, trueRateOf } from './true-rate.ts';
import { cpuWarnings, remarkWarnings, tscWarnings } from './warnings.ts';

/**
 * Everything that `tscope calibrate` says about this host: the rate, the kernel's ratio, the true rate, who claims
 * what, and the TSCs of the other CPUs. For a worker thread; only the question to chronyd is asynchronous.
 *
 * @throws TscopeError as `calibrate` and `hostSource`.
 */
export async function calibrateTask(options: CalibrateOptions, control: Control): Promise<Calibration> {
  const source = hostSource();

  const chrony = await chronyReference();
  const claims = collectClaims();
  // None where the log may not be read; the claims then say so.
  const remarks = tscRemarks().value ?? [];
  const firstSurvey = surveyCpus();
  const ptp = comparePtpClocks();

  const { result, brackets, warnings } = onOneCpu(() => calibrate(options, source, control));

  const references = [chrony, adjtimexReference(), ...ptp.finish()];
  const raw = rawRate(result);
  const full: CalibrateResult = {
    ...result,
    ...trueRateOf(result, references),
    convergence: convergenceOf(brackets, result),
    claims: claims.map((claim) => ({
      ...claim,
      offsetRatio: claim.hz === null ? null : claim.hz / result.tscHz - 1,
    })),
    kernelRemarks: remarks,
    ...compareWithFirst(firstSurvey, result.tscHz / 1e9),
  };
  const doubts = raw === null ? [] : disagreements(references.filter(isReference), claims, raw.hz);
  return {
    result: full,
    warnings: [
      ...tscWarnings(tscFacts()),
      ...remarkWarnings(remarks),
      ...warnings,
      ...doubts,
      ...cpuWarnings(full.cpus),
    ],
  };
}

function onOneCpu<T>(work: () => T): T {
  const allowed = stayOnThisCpu();
  try {
    return work();
  } finally {
    if (allowed !== null) native().setAffinity(allowed);
  }
}

/** The TSCs of all CPUs as they are now, or why that cannot be told. */
function surveyCpus(): { exchanger: Exchanger; found: Survey } | { reason: string } {
  try {
    const exchanger = hostExchanger();
    return { exchanger, found: survey(exchanger) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** The CPUs as they are now against the first survey. */
function compareWithFirst(
  first: ReturnType<typeof surveyCpus>,
  ticksPerNs: number,
): Pick<CalibrateResult, 'cpus' | 'cpusReason'> {
  if ('reason' in first) return { cpus: [], cpusReason: first.reason };
  const { exchanger, found } = first;
  return {
    cpus: compareCpus(exchanger, found, survey(exchanger), ticksPerNs),
    cpusReason: exchanger.allowed.length > 1 ? null : 'only one CPU may be used; there is nothing to compare',
  };
}
