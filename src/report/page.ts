import { gzipSync } from 'node:zlib';
import type { Warning } from '../warning.ts';
import type { Level, Section, Verdict } from './content.ts';
import { paragraph, sectionHtml } from './html.ts';
import type { PageInput } from './input.ts';
import type { AroundStops } from './kinds/around-stop.ts';
import { aroundStopSection } from './kinds/around-stop.ts';
import { hostLine } from './kinds/host.ts';
import { element, passage, prose } from './markup.ts';
import { mapParts } from './parts.ts';
import { PNG_SCRIPT, PNG_SOURCE } from './png.ts';
import { STYLE } from './style.ts';

/** What a level is called beside its colour; a note has no name. */
const LEVELS: Readonly<Record<Level, string>> = {
  good: 'good',
  note: '',
  bad: 'problem',
  unknown: 'not known',
};

const card = (level: Level, title: string, ...html: string[]): string =>
  element('li', { class: level }, title === '' ? '' : element('b', {}, prose(title)), ...html);

const verdictCard = ({ level, about, text }: Verdict): string =>
  card(level, [about, LEVELS[level]].filter((word) => word !== '').join(': '), prose(text));

const cards = (items: readonly string[]): string => element('ul', { class: 'verdicts' }, ...items);

export const verdictCards = (verdicts: readonly Verdict[]): string => cards(verdicts.map(verdictCard));

/** The verdicts in plain words, and what was not measured. */
function summary(verdicts: readonly Verdict[], skipped: PageInput['skipped']): string {
  const items = [
    ...verdicts.map(verdictCard),
    ...skipped.map(({ part, reason }) => card('unknown', `${part}: skipped`, prose(reason))),
  ];
  return items.length === 0 ? paragraph('Nothing was measured.') : cards(items);
}

/** What makes the figures doubtful, and what to do about it. */
const warningList = (warnings: readonly Warning[]): string =>
  cards(
    warnings.map(({ code, message, hint }) =>
      card(
        'note',
        '',
        passage(message),
        hint === null ? '' : paragraph(hint),
        element('p', { class: 'faint' }, element('code', {}, prose(code))),
      ),
    ),
  );

/** How every figure on the page was made. */
const methods = (parts: PageInput['parts']): string =>
  paragraph('Each part can be measured again, alone and in more detail, by the command beside it.') +
  element(
    'dl',
    { class: 'how' },
    ...mapParts(parts, ({ method: [title, command, how] }) => {
      const term = element('dt', {}, `${prose(title)}: ${element('code', {}, prose(command))}`);
      return term + element('dd', {}, prose(how));
    }),
  );

/** The document itself, compressed: what programs read, and `tscope compare`. */
function documentLink(document: unknown): string {
  const packed = gzipSync(JSON.stringify(document)).toString('base64');
  const href = `data:application/gzip;base64,${packed}`;
  return element(
    'p',
    { class: 'saved' },
    element('a', { download: 'run.json.gz', href }, 'run.json.gz'),
    passage(': every figure of this page for programs; `tscope compare` and `tscope report` read it.'),
  );
}

// A page may be mailed, archived and opened anywhere: it runs nothing but the one script that draws a PNG to save.
const POLICY = `default-src 'none'; script-src ${PNG_SOURCE}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;

interface PageSection {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

const plainSection = ({ id, title, html }: PageSection): string =>
  `<section aria-labelledby="${id}"><h2 id="${id}">${prose(title)}</h2>${html}</section>`;

/**
 * The report: one page, self-contained, nothing fetched.
 *
 * @param stops what the model shows of a long stop, to stand before the parts; null for none.
 */
export function reportPage(input: PageInput, stops: AroundStops | null): string {
  const { tool, startedAt, command, host, warnings, parts, skipped, document } = input;
  const measured = [
    ...(stops === null ? [] : [aroundStopSection(stops)]),
    ...mapParts(parts, (kind, result): Section[] => kind.sections(result)).flat(),
  ];
  const sections: PageSection[] = [
    ...(warnings.length === 0 ? [] : [{ id: 'warnings', title: 'Warnings', html: warningList(warnings) }]),
    ...measured.map((section) => ({ id: section.id, title: section.title, html: sectionHtml(section) })),
    { id: 'method', title: 'How it was measured', html: methods(parts) + documentLink(document) },
  ];
  const title =
    host === null
      ? `${parts.stability?.file ?? 'A record'}: frequency stability`
      : `${host.hostname}: clocks and timers`;
  const about = host === null ? 'Analysed' : `${hostLine(host)}. Measured`;
  const contents = sections.map(({ id, title }) => `<li><a href="#${id}">${prose(title)}</a></li>`).join('');
  const verdicts = mapParts(parts, (kind, result) => kind.verdict(result));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,"><title>${prose(title)}</title><style>${STYLE}</style></head>
<body><main class="report"><header>${element('h1', {}, prose(title))}
${paragraph(`${about} ${startedAt} by ${tool.name} ${tool.version}.`, 'faint')}
${command === null ? '' : element('p', { class: 'faint' }, 'Made by ', element('code', {}, prose(command)))}</header>
<nav aria-label="Contents"><ul>${contents}</ul></nav>
${element('section', { 'aria-label': 'Summary' }, summary(verdicts, skipped))}
${sections.map(plainSection).join('\n')}
</main><script>${PNG_SCRIPT}</script></body></html>
`;
}
