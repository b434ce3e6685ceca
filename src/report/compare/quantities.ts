import type { CalibrateResult } from '../../schema/calibrate.ts';
import type { DriftResult } from '../../schema/drift.ts';
import type { KvmResult } from '../../schema/kvm.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { exact } from '../digits.ts';
import type { Parts } from '../parts.ts';
import { quantileInterval } from './quantile-interval.ts';
import { errorOf, type Noise, type Quantity, unknown } from './quantity.ts';
import { ofStop } from './stop-quantities.ts';

function ofCalibrate(result: CalibrateResult): Quantity[] {
  const { clock, tscHz, standardErrorRatio, trueRate } = result;
  const measured: Quantity = {
    part: 'calibrate',
    name: `TSC rate against ${clock}`,
    unit: 'hz',
    value: tscHz,
    noise: errorOf(tscHz * standardErrorRatio),
  };
  const truth: Quantity[] =
    trueRate === null
      ? []
      : [
          {
            part: 'calibrate',
            name: 'true TSC rate',
            unit: 'hz',
            value: trueRate.hz,
            noise: {
              kind: 'interval',
              low: trueRate.hz * (1 - trueRate.errorRatio),
              high: trueRate.hz * (1 + trueRate.errorRatio),
            },
          },
        ];
  return [measured, ...truth];
}

const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

function ofTimer({ latenessNs, histogram, periodNs, backend, divergence, policy }: TimerResult): Quantity[] {
  const name = `${backend}, ${exact(periodNs)}`;
  const lateness =
    latenessNs === null
      ? []
      : QUANTILES.map(([key, share]): Quantity => {
          const interval = quantileInterval(histogram, share);
          const noise: Noise =
            interval === null ? unknown('too few ticks for an interval') : { kind: 'interval', ...interval };
          return {
            part: 'timer',
            name: `lateness ${key.replace('999', '99.9')} (${name})`,
            unit: 'ns',
            value: latenessNs[key],
            noise,
          };
        });
  const rate: Quantity[] =
    divergence === null
      ? []
      : [
          {
            part: 'timer',
            name: `TSC deadline's divergence (${policy}, ${name})`,
            unit: 'ratio',
            value: divergence.rateRatio,
            noise: errorOf(divergence.rateStandardError),
          },
        ];
  return [...lateness, ...rate];
}

const ofDrift = ({ pairs }: DriftResult): Quantity[] =>
  pairs.flatMap(({ clock, reference, rateRatio, rateStandardError }): Quantity[] =>
    rateRatio === null
      ? []
      : [
          {
            part: 'drift',
            name: `${clock} - ${reference}: rate`,
            unit: 'ratio',
            value: rateRatio,
            noise: errorOf(rateStandardError),
          },
        ],
  );

function ofKvm({ resume, running }: KvmResult): Quantity[] {
  const period: Quantity[] =
    running === null
      ? []
      : [
          {
            part: 'kvm',
            name: `mean period of a guest that ${running.loop === 'halt' ? 'halts' : 'spins'}`,
            unit: 'ns',
            value: running.meanPeriodNs,
            noise: errorOf(running.meanPeriodErrorNs),
          },
        ];
  const shift: Quantity[] =
    resume === null || resume.phaseShiftNs === null
      ? []
      : [
          {
            part: 'kvm',
            name: 'phase shift over a stop',
            unit: 'ns',
            value: resume.phaseShiftNs,
            noise: errorOf(resume.phaseShiftErrorNs),
          },
        ];
  return [...period, ...shift];
}

const of = <Part>(part: Part | null | undefined, quantities: (part: Part) => Quantity[]): Quantity[] =>
  part === null || part === undefined ? [] : quantities(part);

/** Every figure of a document that another one can be compared by. */
export const quantitiesOf = ({ calibrate, timer, drift, stop, kvm }: Parts): Quantity[] => [
  ...of(calibrate, ofCalibrate),
  ...of(timer, ofTimer),
  ...of(drift, ofDrift),
  ...of(stop, ofStop),
  ...of(kvm, ofKvm),
];
