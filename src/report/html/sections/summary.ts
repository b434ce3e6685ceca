import type { ReportInput } from '../../input.ts';
import { element, escapeText } from '../../svg/element.ts';
import { LEVEL_WORDS, type Verdict } from '../../verdicts/verdict.ts';
import { paragraph, prose } from '../markup.ts';

/** The verdicts in plain words, and what was not measured. HTML for the head of the page. */
export function summary(verdicts: readonly Verdict[], skipped: ReportInput['skipped']): string {
  const items = verdicts.map(({ level, about, text }) =>
    element(
      'li',
      { class: level },
      element('b', {}, escapeText([about, LEVEL_WORDS[level]].filter((word) => word !== '').join(': '))),
      prose(text),
    ),
  );
  const missing = skipped.map(({ part, reason }) =>
    element('li', { class: 'unknown' }, element('b', {}, escapeText(`${part}: skipped`)), escapeText(reason)),
  );
  const all = [...items, ...missing];
  return all.length === 0 ? paragraph('Nothing was measured.') : element('ul', { class: 'verdicts' }, ...all);
}
