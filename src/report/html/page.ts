import { element, escapeText } from '../svg/element.ts';
import { STYLE } from './style.ts';

/** One part of a page. */
export interface Section {
  /** Its anchor: lower-case letters and dashes. */
  readonly id: string;
  readonly title: string;
  /** HTML, made with ./markup.ts and ../svg, which escape what they are given. */
  readonly html: string;
}

/** What stands above the sections. */
export interface Head {
  readonly title: string;
  readonly subtitle: string;
  /** HTML before the first section. */
  readonly lead: string;
}

// No script at all: a still page may be mailed, archived and opened anywhere.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** A whole page: self-contained, no script, nothing fetched. */
export function page({ title, subtitle, lead }: Head, sections: readonly Section[]): string {
  const contents = sections
    .map(({ id, title }) => `<li><a href="#${id}">${escapeText(title)}</a></li>`)
    .join('');
  const body = sections.map(
    ({ id, title, html }) =>
      `<section aria-labelledby="${id}"><h2 id="${id}">${escapeText(title)}</h2>${html}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,"><title>${escapeText(title)}</title><style>${STYLE}</style></head>
<body><main><header>${element('h1', {}, escapeText(title))}<p class="faint">${escapeText(subtitle)}</p></header>
<nav aria-label="Contents"><ul>${contents}</ul></nav>
${lead}
${body.join('\n')}
</main></body></html>
`;
}
