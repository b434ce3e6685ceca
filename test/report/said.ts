import type { Section } from '../../src/report/content.ts';
import { sectionHtml } from '../../src/report/html.ts';

const CHARACTERS: Readonly<Record<string, string>> = {
  '#60': '<',
  '#62': '>',
  '#38': '&',
  '#34': '"',
  '#39': "'",
};
const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/&(#\d+);/g, (whole, code: string) => CHARACTERS[code] ?? whole)
    .trim();

const shapes = (svg: string, name: string): string =>
  `${name} ${[...svg.matchAll(new RegExp(`class="[^"]*\\b${name}\\b`, 'g'))].length}`;

/** What a drawing names, what it tells under the pointer, and how many marks of each kind it has. */
const drawingSaid = (svg: string): string =>
  [
    `  names: ${[...svg.matchAll(/<text[^>]*>(.*?)<\/text>/gs)].map(([, text = '']) => plain(text)).join(' | ')}`,
    `  marks: ${['line', 'dashed', 'area', 'bars', 'mark', 'hollow', 'spot', 'limit'].map((name) => shapes(svg, name)).join(', ')}`,
    ...[...svg.matchAll(/<title>(.*?)<\/title>/gs)].map(([, text = '']) => `  pointer: ${plain(text)}`),
  ].join('\n');

/** A text between < and > that `plain` leaves alone. */
const kept = (text: string): string => text.replaceAll('<', '&#60;').replaceAll('>', '&#62;');

/**
 * All that sections say on a page, a line for each cell, fact or paragraph: of a drawing its names and what it tells
 * under the pointer, and the values behind it.
 */
export const said = (sections: readonly Section[]): string =>
  sections
    .map(({ id, title, blocks }) => {
      const html = sectionHtml({ id, title, blocks })
        .replace(/<svg class="narrow".*?<\/svg>/gs, '')
        .replace(/<svg class="wide".*?<\/svg>/gs, (svg) => `\n${kept(drawingSaid(svg))}\n`)
        .replace(
          /<a download="[^"]*csv" href="data:[^,]*,([^"]*)".*?<\/a>/gs,
          (_, csv: string) => `\n${kept(decodeURIComponent(csv))}`,
        )
        .replace(/<a download="[^"]*svg".*?<\/a>/gs, '')
        .replace(/<a href="([^"]*)"[^>]*>/g, '[$1] ')
        .replace(/<\/(?:td|th|dt|dd)>/g, ' | ')
        .replace(/<\/(?:tr|p|h3|figcaption|div|summary|li)>/g, '\n');
      const lines = plain(html).split('\n');
      return [`${title} (#${id})`, ...lines.map((line) => line.trimEnd()).filter((line) => line !== '')].join(
        '\n',
      );
    })
    .join('\n\n');
