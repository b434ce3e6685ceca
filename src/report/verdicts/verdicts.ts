import type { Parts } from '../parts.ts';
import { calibrateVerdict } from './calibrate.ts';
import { driftVerdict } from './drift.ts';
import { hostVerdict } from './host.ts';
import { kvmVerdict } from './kvm.ts';
import { stopVerdict } from './stop.ts';
import { timerVerdict } from './timer.ts';
import type { Verdict } from './verdict.ts';

const of = <Part>(part: Part | null | undefined, judge: (part: Part) => Verdict): Verdict[] =>
  part === null || part === undefined ? [] : [judge(part)];

/** What a run means, the question people come with first. */
export const verdictsOf = (parts: Parts): Verdict[] => [
  ...of(parts.kvm, kvmVerdict),
  ...of(parts.stop, stopVerdict),
  ...of(parts.timer, timerVerdict),
  ...of(parts.calibrate, calibrateVerdict),
  ...of(parts.drift, driftVerdict),
  ...of(parts.host, hostVerdict),
];
