import type { MeasureDocument } from '../../schema/measure.ts';
import { element, escapeText } from '../svg/element.ts';
import { hostLine } from '../text/host-line.ts';
import { measureText } from '../text/measure.ts';
import { page, type Section } from './page.ts';
import { driftSection } from './sections/drift.ts';

/** The report of one run: a page that needs nothing but itself. */
export function reportPage(document: MeasureDocument): string {
  const { result, host, tool, startedAt } = document;
  const sections: Section[] = [...(result.drift === null ? [] : [driftSection(result.drift)])];
  const subtitle = `${hostLine(host)}. ${startedAt}, ${tool.name} ${tool.version}.`;
  const lead = element('pre', {}, escapeText(measureText(result)));
  return page(`tscope: ${host.hostname}`, subtitle, lead, sections);
}
