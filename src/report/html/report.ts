import type { ReportInput } from '../input.ts';
import { element } from '../svg/element.ts';
import { hostLine } from '../text/host-line.ts';
import { verdictsOf } from '../verdicts/verdicts.ts';
import { page, type Section } from './page.ts';
import { aroundStopSection } from './sections/around-stop.ts';
import { calibrateSection } from './sections/calibrate.ts';
import { driftSection } from './sections/drift.ts';
import { hostSection } from './sections/host.ts';
import { kvmSection } from './sections/kvm.ts';
import { methodSection } from './sections/method.ts';
import { stabilitySection } from './sections/stability.ts';
import { stopSection } from './sections/stop.ts';
import { summary } from './sections/summary.ts';
import { timerSection } from './sections/timer.ts';
import { warningsSection } from './sections/warnings.ts';

const of = <Part>(part: Part | null | undefined, section: (part: Part) => Section): Section[] =>
  part === null || part === undefined ? [] : [section(part)];

/** The report: a page that needs nothing but itself. */
export function reportPage({ tool, startedAt, host, warnings, parts, skipped }: ReportInput): string {
  const sections: Section[] = [
    ...(warnings.length === 0 ? [] : [warningsSection(warnings)]),
    ...((parts.stop ?? parts.kvm ?? null) === null ? [] : [aroundStopSection()]),
    ...of(parts.kvm, kvmSection),
    ...of(parts.stop, stopSection),
    ...of(parts.timer, timerSection),
    ...of(parts.calibrate, calibrateSection),
    ...of(parts.drift, driftSection),
    ...of(parts.drift, stabilitySection),
    ...of(parts.host, hostSection),
    methodSection(parts),
  ];
  const head = {
    title: `${host.hostname}: clocks and timers`,
    subtitle: `${hostLine(host)}. Measured ${startedAt} by ${tool.name} ${tool.version}.`,
    lead: element('section', { 'aria-label': 'Summary' }, summary(verdictsOf(parts), skipped)),
  };
  return page(head, sections);
}
