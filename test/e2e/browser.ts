import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** axe-core's script, to be evaluated in a page. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Whether there is a browser; the tests that need one are skipped where there is none. */
export const hasBrowser: boolean = existsSync(CHROMIUM);

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** A page that was opened, and whatever its console showed or it asked of the network. */
export interface OpenPage {
  readonly page: Page;
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Opens a local file. */
export async function openFile(
  browser: Browser,
  file: string,
  options: BrowserContextOptions,
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(`file://${file}`);
  return { page, complaints, close: () => context.close() };
}

/** What axe-core finds, a line for each rule that is broken. The page must not forbid scripts (`bypassCSP`). */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200)))`,
  );
}

/** Texts of the drawings that are shown which reach out of theirs, or lie over one another. */
export const MISPLACED = `[...document.querySelectorAll('figure > svg')].flatMap((svg) => {
  const box = svg.getBoundingClientRect();
  if (box.width === 0) return [];
  const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const out = texts.filter(([, r]) => r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 2 || r.bottom > box.bottom + 2);
  const over = texts.flatMap(([a, r], i) => texts.slice(i + 1).filter(([, s]) =>
    Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1 && Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 4,
  ).map(([b]) => a + ' over ' + b));
  return [...out.map(([text]) => text + ' reaches out'), ...over].map((text) => svg.getAttribute('aria-label') + ': ' + text);
})`;

/** Tables whose text is cut off, or squeezed into columns of a word or two. */
export const BROKEN_TABLES = `[...document.querySelectorAll('td, th')].flatMap((cell) => {
  const { width, height } = cell.getBoundingClientRect();
  const squeezed = width > 0 && width < 100 && height > 130;
  return cell.scrollWidth > cell.clientWidth + 1 || squeezed ? [cell.textContent] : [];
})`;

/** Width that a browser prints on A4 with its usual margins, px. */
export const PAPER_WIDTH = 703;

/**
 * What of a page is wrong on paper, for a page of `PAPER_WIDTH` in the print media: what would be cut off or make everything
 * smaller, dark paper, and what only a screen can do.
 */
export const WRONG_ON_PAPER = `(() => {
  const shown = (element) => element.getBoundingClientRect().width > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const wide = all('main *').filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.closest('svg') === null);
  const controls = all('nav, button, select, summary, .links, .saved, .range, .pages, footer');
  const folded = [...document.querySelectorAll('details > :not(summary)')].filter((e) => !shown(e));
  return [
    ...wide.map((e) => 'too wide: ' + e.tagName + ' ' + e.textContent.slice(0, 60)),
    ...controls.map((e) => 'a control: ' + e.tagName + ' ' + e.className),
    ...folded.map((e) => 'folded away: ' + e.textContent.slice(0, 60)),
    ...(getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)' ? [] : ['dark paper']),
  ];
})()`;
