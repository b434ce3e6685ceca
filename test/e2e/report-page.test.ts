import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageOf } from '../../src/cli/page.ts';
import { fixture } from '../report/fixture.ts';
import {
  axeViolations,
  BROKEN_TABLES,
  hasBrowser,
  launchBrowser,
  MISPLACED,
  openFile,
  PAPER_WIDTH,
  WRONG_ON_PAPER,
} from './browser.ts';

const WIDTHS = { phone: 390, tablet: 768, laptop: 1280, desktop: 1440 } as const;
const views = Object.entries(WIDTHS).flatMap(([name, width]) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ name, width, colorScheme })),
);

/** Figures that are shown, with their texts, how many values show on hover, and how large the smallest text is. */
const SHOWN = `[...document.querySelectorAll('figure')].map((figure) => {
  const shown = [...figure.querySelectorAll(':scope > svg')].filter((svg) => svg.getBoundingClientRect().width > 0);
  const texts = shown.flatMap((svg) => [...svg.querySelectorAll('text')]);
  return {
    count: shown.length,
    texts: texts.map((text) => text.textContent),
    hovers: shown.flatMap((svg) => [...svg.querySelectorAll('title')]).length,
    smallest: Math.min(...texts.map((text) => text.getBoundingClientRect().height)),
  };
})`;

describe.skipIf(!hasBrowser)(
  'report.html in a browser (skipped where Debian package chromium is missing)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'tscope-page-'));
    const file = join(folder, 'report.html');
    let browser: Browser;
    beforeAll(async () => {
      const input = fixture();
      const hostile = '<script>alert(1)</script><img src=x onerror=alert(2)>';
      writeFileSync(
        file,
        pageOf({
          ...input,
          host: { ...input.host, hostname: `${hostile}${'x'.repeat(300)}` },
          skipped: [{ part: 'kvm', reason: hostile }],
        }),
      );
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each(views)(
      '$name, $colorScheme: fits, quiet, axe-clean, readable',
      async ({ width, colorScheme }) => {
        const options = { viewport: { width, height: 900 }, colorScheme, bypassCSP: true };
        const { page, complaints, close } = await openFile(browser, file, options);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
        expect(await page.evaluate(MISPLACED)).toEqual([]);
        expect(await page.evaluate(BROKEN_TABLES)).toEqual([]);
        const figures: Array<{ count: number; texts: string[]; hovers: number; smallest: number }> =
          await page.evaluate(SHOWN);
        expect(figures.length).toBeGreaterThanOrEqual(8);
        for (const { count, texts, hovers, smallest } of figures) {
          expect(count).toBe(1);
          // Each axis names its unit, or each of its ticks does.
          const named = texts.filter((text) => /\(.+\)|\d\s(?:[nmµ]?s|min|h|d|pp[bm])$/.test(text));
          expect(named.length, texts.join(' | ')).toBeGreaterThanOrEqual(1);
          expect(hovers).toBeGreaterThanOrEqual(2);
          expect(smallest).toBeGreaterThan(10);
        }
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(paper).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 26)' : 'rgb(255, 255, 255)');
        expect(await axeViolations(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await close();
      },
    );

    test('as it is opened, its own policy holds, and no text of the host runs', async () => {
      const { complaints, page, close } = await openFile(browser, file, {});
      await page.waitForTimeout(200);
      expect(complaints).toEqual([]);
      await close();
    });

    test('a figure is saved as a PNG, twice as large as on the page', async () => {
      const { page, complaints, close } = await openFile(browser, file, {});
      const links = page.locator('a[download$=".png"]');
      expect(await links.count()).toBe(await page.locator('figure').count());
      const saved = page.waitForEvent('download');
      await links.first().click();
      const path = await (await saved).path();
      const bytes = readFileSync(path);
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect(bytes.readUInt32BE(16)).toBe(2 * 920);
      expect(complaints).toEqual([]);
      await close();
    });

    test('every part is within reach of the keyboard', async () => {
      const { page, close } = await openFile(browser, file, { viewport: { width: 360, height: 800 } });
      const unreachable = await page.evaluate(
        `[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length`,
      );
      expect(unreachable).toBe(0);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.tagName')).toBe('A');
      await close();
    });

    test('on paper: light, the wide drawings, all tables, nothing cut off and no control', async () => {
      const options = { viewport: { width: PAPER_WIDTH, height: 1000 }, colorScheme: 'dark' } as const;
      const { page, close } = await openFile(browser, file, options);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.evaluate(WRONG_ON_PAPER)).toEqual([]);
      expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(22, 25, 29)');
      expect(await page.evaluate("getComputedStyle(document.querySelector('svg.narrow')).display")).toBe(
        'none',
      );
      expect(await page.evaluate("document.querySelectorAll('details').length")).toBeGreaterThan(1);
      await close();
    });
  },
);
