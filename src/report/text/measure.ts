import type { MeasureResult } from '../../schema/measure.ts';
import { calibrateBrief } from './brief/calibrate.ts';
import { driftBrief } from './brief/drift.ts';
import { kvmBrief } from './brief/kvm.ts';
import { stopBrief } from './brief/stop.ts';
import { timerBrief } from './brief/timer.ts';
import { wrap } from './wrap.ts';

/** Where the lines of a part begin, and how long they are: with both, fit for a mail. */
const INDENT = 8;
const WIDTH = 104;

/** A part: its name, then its lines set under one another, those that go on a little to the right. */
const paragraph = (name: string, lines: readonly string[]): string =>
  lines
    .flatMap((line) => wrap(line, WIDTH - INDENT - 2).map((piece, i) => (i === 0 ? piece : `  ${piece}`)))
    .map((line, i) => `${(i === 0 ? name : '').padEnd(INDENT)}${line}`)
    .join('\n');

const of = <Part>(name: string, part: Part | null, brief: (part: Part) => string[]): string[] =>
  part === null ? [] : [paragraph(name, brief(part))];

/** The run for people, to be pasted into a mail: a paragraph for each part, in the order in which they ran. */
export function measureText({ calibrate, timer, drift, stop, kvm, skipped }: MeasureResult): string {
  return [
    ...of('TSC', calibrate, calibrateBrief),
    ...of('Timer', timer, timerBrief),
    ...of('Drift', drift, driftBrief),
    ...of('Stop', stop, stopBrief),
    ...of('KVM', kvm, kvmBrief),
    ...skipped.map(({ part, reason }) => paragraph('Skipped', [`${part}: ${reason}`])),
  ].join('\n\n');
}
