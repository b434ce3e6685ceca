import type { Control } from '../clock/control.ts';
import { reasonOf } from '../host/fact.ts';
import { tscFacts } from '../host/tsc.ts';
import { native } from '../native.ts';
import { type CalibrateOptions, type Calibration, calibrate } from './calibrate.ts';
import { collectClaims } from './claims/collect.ts';
import { convergenceOf } from './convergence.ts';
import { compareCpus } from './cpus/compare.ts';
import { type Exchanger, hostExchanger, type Survey, survey } from './cpus/survey.ts';
import { adjtimexReference } from './reference/adjtimex.ts';
import { chronyReference } from './reference/chrony.ts';
import { openPtpClock, ptpReference } from './reference/ptp.ts';
import type { NoReference, Reference } from './reference/reference.ts';
import type { CalibrateResult } from './result.ts';
import { hostSource } from './source.ts';
import { trueRateOf } from './true-rate.ts';
import { cpuWarnings, tscWarnings } from './warnings.ts';

/**
 * Everything that `tscope calibrate` says about this host: the rate, the kernel's ratio, the true rate, who claims
 * what, and the TSCs of the other CPUs. For a worker thread; only the question to chronyd is asynchronous.
 *
 * @throws TscopeError as `calibrate` and `hostSource`.
 */
export async function calibrateHost(options: CalibrateOptions, control: Control): Promise<Calibration> {
  const source = hostSource();
  const chrony = await chronyReference();
  const claims = collectClaims();
  const cpus = surveyAtBothEnds();
  const ptp = ptpAtBothEnds();
  const { result, brackets, warnings } = onOneCpu(() => calibrate(options, source, control));
  const references = [chrony, adjtimexReference(), ptp.finish()];
  const full: CalibrateResult = {
    ...result,
    ...trueRateOf(result, references),
    convergence: convergenceOf(brackets, result),
    claims: claims.map((claim) => ({
      ...claim,
      offsetRatio: claim.hz === null ? null : claim.hz / result.tscHz - 1,
    })),
    ...cpus.finish(result.tscHz / 1e9),
  };
  return { result: full, warnings: [...tscWarnings(tscFacts()), ...warnings, ...cpuWarnings(full.cpus)] };
}

/**
 * Keeps the thread on the CPU where it is: the TSCs of two CPUs need not agree. Where that is not allowed, the
 * scheduler decides.
 */
function onOneCpu<T>(work: () => T): T {
  const addon = native();
  const here = new BigInt64Array(2);
  addon.rdtscp(here);
  let allowed: number[] | null = null;
  try {
    const before = addon.getAffinity();
    addon.setAffinity([Number(here[1])]);
    allowed = before;
  } catch {
    // Affinity is a comfort here, not a need.
  }
  try {
    return work();
  } finally {
    if (allowed !== null) addon.setAffinity(allowed);
  }
}

/** The first survey now, the second when it is asked to finish. */
function surveyAtBothEnds(): { finish(ticksPerNs: number): Pick<CalibrateResult, 'cpus' | 'cpusReason'> } {
  let exchanger: Exchanger;
  let first: Survey;
  try {
    exchanger = hostExchanger();
    first = survey(exchanger);
  } catch (error) {
    return { finish: () => ({ cpus: [], cpusReason: reasonOf(error) }) };
  }
  return {
    finish: (ticksPerNs) => ({
      cpus: compareCpus(exchanger, first, survey(exchanger), ticksPerNs),
      cpusReason:
        exchanger.allowed.length > 1 ? null : 'only one CPU may be used; there is nothing to compare',
    }),
  };
}

/** The first burst of a PTP clock now, the second when it is asked to finish. */
function ptpAtBothEnds(): { finish(): Reference | NoReference } {
  const clock = openPtpClock();
  if ('reason' in clock) return { finish: () => clock };
  const attempt = <T>(work: () => T): T | NoReference => {
    try {
      return work();
    } catch (error) {
      return { reason: `${clock.name}: ${reasonOf(error)}` };
    }
  };
  const first = attempt(() => clock.moment());
  return {
    finish: () => {
      const found = attempt(() =>
        'reason' in first ? first : ptpReference(clock.name, first, clock.moment()),
      );
      clock.close();
      return found;
    },
  };
}
