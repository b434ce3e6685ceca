import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { aroundStops } from '../../src/cli/page.ts';
import { inputOf, type PageInput } from '../../src/report/input.ts';
import { reportPage } from '../../src/report/page.ts';
import type { Parts } from '../../src/report/parts.ts';
import { fixture, fixtureDocument, fixtureParts, mapLeaves } from './fixture.ts';

const stops = aroundStops();
const pageOf = (input: PageInput) => reportPage(input, stops);
const page = pageOf(fixture());
const NAMES = Object.keys(fixtureParts()) as Array<keyof Parts>;

/** A page without its one script, which comes last. */
const withoutScript = (html: string): string =>
  html.replace(/<script>(?:(?!<script>)[\s\S])*<\/script>(?=<\/body>)/, '');

const VOID = new Set(['meta', 'link', 'br']);

/** Every element is closed by its own end tag, in order. */
function expectBalanced(html: string): void {
  const open: string[] = [];
  const body = withoutScript(html)
    .replace(/<!doctype html>/, '')
    .replace(/<style>[\s\S]*?<\/style>/, '');
  for (const [, end, name = ''] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (VOID.has(name)) continue;
    if (end === '/') expect(open.pop()).toBe(name);
    else open.push(name);
  }
  expect(open).toEqual([]);
}

const ids = (html: string): string[] => [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id ?? '');
const placed = (html: string): string[] =>
  [...html.matchAll(/ (?:d|x|y|x1|x2|y1|y2|width|height|viewBox)="([^"]*)"/g)].map(
    ([, value]) => value ?? '',
  );

test('a full run is one page under 600 kB that asks the network for nothing and runs the one script that its policy names', () => {
  expectBalanced(page);
  expect(page.length).toBeLessThan(600_000);
  expect(page).toContain("default-src 'none'");
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script);
  expect(scripts).toHaveLength(1);
  const hash = createHash('sha256')
    .update(scripts[0] ?? '')
    .digest('base64');
  expect(page).toContain(`script-src 'sha256-${hash}';`);
  expect(withoutScript(page)).not.toMatch(/<script|<iframe|<object|@import|url\(| on[a-z]+=/);
  expect(page).not.toMatch(/(?:src|href)="(?!#|data:)/);
});

test('all that a page says of the run, its drawings by their titles', async () => {
  const said = withoutScript(page)
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<svg class="(wide|narrow)"[^>]*aria-label="([^"]*)".*?<\/svg>/gs, '[$1 drawing: $2]')
    .replace(/<\/?(?:td|th|dt|dd|a)\b[^>]*>/g, (tag) => (tag.startsWith('</') ? ' | ' : ''))
    .replaceAll('><', '>\n<')
    .replaceAll(' | <', '\n<');
  await expect(said).toMatchFileSnapshot('page.txt');
});

test('every section is in the contents, and every link leads to one', () => {
  const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
  const sections = [...page.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id);
  const contents = links.slice(0, sections.length);
  expect(contents).toEqual(sections);
  expect(new Set(links)).toEqual(new Set(ids(page).filter((id) => !id.endsWith('-title'))));
  expect(new Set(ids(page)).size).toBe(ids(page).length);
  expect(links).toEqual(
    expect.arrayContaining([
      'policies',
      'kvm',
      'stops',
      'timer',
      'calibration',
      'drift',
      'stability',
      'host',
      'method',
    ]),
  );
});

test('the verdicts, the skipped parts and the warnings with their hints are in words', () => {
  const input = fixture();
  const html = pageOf({
    ...input,
    skipped: [{ part: 'kvm', reason: 'there is no /dev/kvm' }],
    warnings: [{ code: 'a-code', message: 'A doubt.', hint: 'What to do about it.' }],
  });
  for (const text of [
    'there is no /dev/kvm',
    'A doubt.',
    'What to do about it.',
    'a-code',
    'Long stops',
    'The live timer',
  ]) {
    expect(html).toContain(text);
  }
});

test.each(NAMES)('without %s the rest is there', (name) => {
  const input = fixture();
  const html = pageOf({ ...input, parts: { ...input.parts, [name]: null } });
  expectBalanced(html);
  expect(html).not.toMatch(/undefined|\[object/);
  expect(html.length).toBeLessThan(page.length);
});

test.each(NAMES)('%s alone makes a page', (name) => {
  const input = fixture();
  const html = pageOf({ ...input, parts: { [name]: input.parts[name] } });
  expectBalanced(html);
  expect(html).not.toMatch(/undefined|\[object/);
});

test('a run in which nothing was measured says so', () => {
  const html = pageOf({ ...fixture(), parts: {} });
  expectBalanced(html);
  expect(html).toContain('Nothing was measured');
});

/** Fields whose values the schema lists, or of a form that it checks. */
const FIXED = new Set(
  'schema at startedAt startKtimeNs kind stop loop path verdict backend backendAfter policy ended delivery clock code'.split(
    ' ',
  ),
);

test('no text of a document becomes markup', () => {
  const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&`;
  const document = fixtureDocument();
  const changed = mapLeaves(document, (leaf, key) =>
    typeof leaf === 'string' && !FIXED.has(key) ? hostile : leaf,
  ) as typeof document;
  // Names of the tool and of the clocks are fixed too, under a key that others share.
  const clocks = fixtureParts().host.clocks;
  const { result } = changed as { result: { host: object } };
  const input = inputOf(
    { ...changed, tool: document['tool'], result: { ...result, host: { ...result.host, clocks } } },
    'hostile.json',
  );
  const html = pageOf({ ...input, skipped: [{ part: hostile, reason: hostile }] });
  expectBalanced(html);
  expect(html.split('&#60;script&#62;').length).toBeGreaterThan(50);
  expect(withoutScript(html)).not.toContain('<script');
  expect(html).not.toContain('<img');
});

test.each([
  ['enormous', (leaf: number) => leaf * 1e200],
  ['tiny', (leaf: number) => leaf * 1e-200],
  ['zero', () => 0],
  ['negative', (leaf: number) => -Math.abs(leaf)],
])('%s values give a drawing all the same', (_name, change) => {
  const input = fixture();
  const parts = mapLeaves(input.parts, (leaf, key) =>
    typeof leaf === 'number' && key !== 'n' && key !== 'runs' ? change(leaf) : leaf,
  ) as Parts;
  const html = pageOf({ ...input, parts });
  expectBalanced(html);
  for (const value of placed(html)) expect(value).not.toMatch(/NaN|Infinity|undefined/);
});

test('a document without a host name or clocks still has a page', () => {
  const input = fixture();
  const { host } = fixtureParts();
  const html = pageOf({
    ...input,
    host: { ...input.host, hostname: '', cpu: null, clocksource: null, virtualization: null },
    parts: { host: { ...host, clocks: [] } },
  });
  expectBalanced(html);
});

test('a great many periods and stops stay below 600 kB', () => {
  const { stop } = fixtureParts();
  const rows = Array.from({ length: 12 }, (_, period) =>
    stop.rows.map((row) => ({ ...row, periodNs: 200_000 + period * 100_000 })),
  ).flat();
  const html = pageOf({ ...fixture(), parts: { stop: { ...stop, rows } } });
  expect(html.length).toBeLessThan(600_000);
});

test('a document of version 1 read and drawn twice is the same page', () => {
  expect(pageOf(inputOf(fixtureDocument(), 'run.json'))).toBe(page);
});
