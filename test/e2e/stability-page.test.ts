import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { phaseNoise, seedOf } from '../stability/records.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { axeViolations, BROKEN_TABLES, hasBrowser, launchBrowser, MISPLACED, openFile } from './browser.ts';
import { expectRefused, tscope } from './tscope.ts';

const folder = temporaryFolder();
const file = (name: string, seed: number) => {
  const path = join(folder, name);
  writeFileSync(path, [...phaseNoise(0, 600, seedOf(seed))].map((x) => x * 1e-9).join('\n'));
  return path;
};
const paths = ['a.txt', 'b.txt', 'c.txt'].map(file);
const [one = ''] = paths;
const page = (name: string) => join(folder, name);

test('--report writes the page, and `report` the same one from the document', async () => {
  const words = ['stability', one, '--tau0', '1', '--dynamic', '100', '--nominal', '10e6', '--json'];
  const { code, stdout } = await tscope([...words, '--report', page('one.html')]);
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(() => documents['stability']?.parse(document)).not.toThrow();
  expect(document.result.dynamic.windows).toHaveLength(60);
  expect(document.result.pictures.nominalHz).toBe(10e6);
  writeFileSync(join(folder, 'one.json'), stdout);
  const again = await tscope(['report', join(folder, 'one.json'), '--out', page('again.html')]);
  expect(again.code).toBe(0);
  const [html, other] = ['one.html', 'again.html'].map((name) => readFileSync(page(name), 'utf8'));
  expect(html).toBe(other);
  for (const id of [
    'sigma-tau',
    'time-stability',
    'dynamic-deviation',
    'phase',
    'frequency',
    'histogram',
    'spectrum',
  ])
    expect(html).toContain(`<figure id="${id}"`);
  expect(html).toContain('a.txt: frequency stability');
});

test('--hat takes three records, says what each clock is, and draws them', async () => {
  const { code, stdout } = await tscope([
    'stability',
    ...paths,
    '--tau0',
    '1',
    '--hat',
    '--report',
    page('hat.html'),
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain(
    'Hat of a.txt, b.txt and c.txt: clocks against one that they share, one reading every 1 s.',
  );
  expect(readFileSync(page('hat.html'), 'utf8')).toContain('<figure id="hat"');
});

test.each([
  [[...paths], 'several records were given'],
  [[one, one, '--hat'], 'a three-cornered hat takes three records or more; two were given'],
  [[...paths, one, '--hat', 'pairs'], '--hat pairs takes three records, A-B, B-C and C-A; 4 were given'],
  [[...paths, '--hat', 'all'], '--hat'],
  [
    [one, '--dynamic', '601'],
    'a window of 601 readings does not fit; it takes 8 or more, and the record has 600',
  ],
  [[one, '--dynamic', '7'], '--dynamic'],
  [[one, '--report', join('/proc', 'x.html')], '--report: '],
])('%j is refused in a sentence', async (words, sentence) => {
  expectRefused(await tscope(['stability', '--tau0', '1', ...words]), sentence);
});

test('a stability document is nothing to compare', async () => {
  writeFileSync(join(folder, 'two.json'), (await tscope(['stability', one, '--tau0', '1', '--json'])).stdout);
  const refused = await tscope(['compare', join(folder, 'two.json'), join(folder, 'two.json')]);
  expectRefused(refused, 'does not describe a host, so there is nothing to compare');
});

const views = [390, 768, 1280, 1440].flatMap((width) =>
  (['light', 'dark'] as const).flatMap((colorScheme) =>
    ['one.html', 'hat.html'].map((name) => ({ name, width, colorScheme })),
  ),
);

describe.skipIf(!hasBrowser)('in a browser (skipped where Debian package chromium is missing)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => browser.close());

  test.each(views)(
    '$name, $width px, $colorScheme: fits, quiet, axe-clean',
    async ({ name, width, colorScheme }) => {
      const options = { viewport: { width, height: 900 }, colorScheme, bypassCSP: true };
      const { page: shown, complaints, close } = await openFile(browser, page(name), options);
      expect(await shown.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
      expect(await shown.evaluate(MISPLACED)).toEqual([]);
      expect(await shown.evaluate(BROKEN_TABLES)).toEqual([]);
      expect(await axeViolations(shown)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
  );
});
