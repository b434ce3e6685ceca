import type { Warning } from '../../../schema/envelope.ts';
import { element, escapeText } from '../../svg/element.ts';
import type { Section } from '../page.ts';

/** What makes the figures doubtful, and what to do about it. */
export function warningsSection(warnings: readonly Warning[]): Section {
  const items = warnings.map(({ code, message, hint }) =>
    element(
      'li',
      { class: 'note' },
      escapeText(message),
      hint === null ? '' : element('p', {}, escapeText(hint)),
      element('p', { class: 'faint' }, element('code', {}, escapeText(code))),
    ),
  );
  return { id: 'warnings', title: 'Warnings', html: element('ul', { class: 'verdicts' }, ...items) };
}
