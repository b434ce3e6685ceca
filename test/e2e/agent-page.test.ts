import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { axeViolations, hasBrowser, launchBrowser, PAPER_WIDTH, WRONG_ON_PAPER } from './browser.ts';
import { type RunningAgent, startAgent } from './running-agent.ts';
import { makeSteppedStore } from './stepped-store.ts';

describe.skipIf(!hasBrowser)(
  'the page in a browser (skipped where Debian package chromium is missing)',
  () => {
    const folder = temporaryFolder();
    const db = join(folder, 'a.db');
    let agent: RunningAgent;
    let browser: Browser;
    const start = async (port = '0') => {
      agent = await startAgent(['--interval', '200ms', '--db', db, '--listen', `127.0.0.1:${port}`]);
    };

    beforeAll(async () => {
      await start();
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser.close();
      await agent.end();
    });

    /** Opens the page; `complaints` collects whatever a browser's console would show, and requests to elsewhere. */
    async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
      const page = await (await browser.newContext(options)).newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(agent.url)) complaints.push(`asked ${request.url()}`);
      });
      await page.goto(`${agent.url}/`);
      await page.waitForSelector('#pairs canvas');
      return { page, complaints };
    }

    const cell = (page: Page, row: number, column: number) =>
      page.locator(`#now tr:nth-child(${row}) td:nth-child(${column})`).innerText();

    /** How many pixels of a canvas are not transparent. */
    const inked = (page: Page): Promise<number> =>
      page.evaluate(`(() => {
      const canvas = document.querySelector('#pairs canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
      return count;
    })()`);

    test('shows live data of every pair, draws it, and complains of nothing', async () => {
      const { page, complaints } = await open();
      await page.waitForSelector('.state.live');
      expect(await page.locator('#now tr').count()).toBe(3);
      expect(await page.locator('#pairs figure').count()).toBe(6);
      await page.waitForSelector('#stability canvas');
      expect(await inked(page)).toBeGreaterThan(1_000);
      const before = await cell(page, 3, 2);
      await expect.poll(() => cell(page, 3, 2), { timeout: 5_000 }).not.toBe(before);
      expect(await page.title()).toContain('tscope: ');
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('survives a restart of the agent: says so, comes back, and goes on', async () => {
      const { page } = await open();
      await page.waitForSelector('.state.live');
      const port = new URL(agent.url).port;
      await agent.end('SIGKILL');
      await page.waitForSelector('.state.lost');
      await start(port);
      await page.waitForSelector('.state.live', { timeout: 10_000 });
      const before = await cell(page, 3, 2);
      await expect.poll(() => cell(page, 3, 2), { timeout: 5_000 }).not.toBe(before);
      await page.context().close();
    });

    test('can be used by keyboard alone', async () => {
      const { page, complaints } = await open();
      await page.waitForSelector('.state.live');
      await page.locator('input[name=last][value="3600"]').focus();
      await page.keyboard.press('ArrowLeft');
      expect(await page.locator('input[name=last][value="900"]').isChecked()).toBe(true);
      expect(new URL(page.url()).hash).toBe('#last=900');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.id')).toBe('from');
      await page.locator('#pairs .plot').first().focus();
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      await expect
        .poll(() => page.locator('#pairs .reading').first().innerText())
        .toMatch(/: [-−]?[\d.]+\s(n|µ|m)?s/);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('a range of its own stands still, and a wrong one is explained', async () => {
      const { page } = await open();
      await page.fill('#from', '2026-01-02T00:00:00');
      await page.fill('#to', '2026-01-01T00:00:00');
      await page.click('#apply');
      expect(await page.locator('#range-problem').innerText()).toContain('earlier');
      await page.fill('#from', '2025-12-31T00:00:00');
      await page.click('#apply');
      await page.waitForSelector('#empty:not([hidden])');
      expect(await page.locator('input[name=last]:checked').count()).toBe(0);
      await page.context().close();
    });

    test('a step is a break, the range is what there is, and zooming goes in and back', async () => {
      const stepped = join(folder, 'stepped.db');
      makeSteppedStore(stepped, Date.now() - 20_000);
      const other = await startAgent(['--interval', '1s', '--db', stepped]);
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      try {
        await page.goto(`${other.url}/`);
        await page.waitForSelector('#stability canvas');
        // A day is asked for; 18 minutes are stored.
        expect(await page.locator('#since').innerText()).toMatch(/^Nothing older is stored than /);
        const [from, to] = (await page.evaluate(
          "['from', 'to'].map((id) => Date.parse(document.getElementById(id).value))",
        )) as [number, number];
        expect((to - from) / 60_000).toBeGreaterThan(17);
        expect((to - from) / 60_000).toBeLessThan(20);
        await expect
          .poll(() => page.locator('#now tr:nth-child(3) td:nth-child(4)').innerText())
          .toMatch(/^[\d.]+\sµs, 1 step$/);
        const over = page.locator('#pairs .u-over').nth(4);
        await over.scrollIntoViewIfNeeded();
        const box = await over.boundingBox();
        if (box === null) throw new Error('no drawing');
        await page.mouse.move(box.x + box.width / 2, box.y + 50);
        // Every drawing reads the same moment.
        await expect
          .poll(() => page.locator('#pairs figure:nth-child(odd) .reading').allInnerTexts())
          .toEqual([expect.stringMatching(/µs/), expect.stringMatching(/µs/), expect.stringMatching(/s$/)]);
        await page.keyboard.down('Control');
        for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -200);
        await page.keyboard.up('Control');
        await expect.poll(() => new URL(page.url()).hash).toMatch(/^#from=[\d.]+&to=[\d.]+$/);
        expect(await page.locator('#back').isVisible()).toBe(true);
        await page.mouse.dblclick(box.x + box.width / 2, box.y + 50);
        await expect.poll(() => new URL(page.url()).hash).toBe('');
        await page.waitForSelector('#back', { state: 'hidden' });
      } finally {
        await page.context().close();
        await other.end();
      }
    });

    test('two fingers zoom in on a phone, about the middle between them', async () => {
      const options = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
      const { page, complaints } = await open(options);
      await page.waitForSelector('.state.live');
      const over = page.locator('#pairs .u-over').first();
      await over.scrollIntoViewIfNeeded();
      const box = await over.boundingBox();
      if (box === null) throw new Error('no drawing');
      const range = async (): Promise<[number, number]> =>
        page.evaluate("['from', 'to'].map((id) => Date.parse(document.getElementById(id).value))");
      const [from, to] = await range();
      const cdp = await page.context().newCDPSession(page);
      const y = box.y + box.height / 2;
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number) =>
        cdp.send('Input.dispatchTouchEvent', {
          type,
          touchPoints:
            type === 'touchEnd'
              ? []
              : [-1, 1].map((side, id) => ({ x: box.x + box.width / 2 + (side * apart) / 2, y, id })),
        });
      await touch('touchStart', 60);
      for (const apart of [90, 120, 180, 240]) await touch('touchMove', apart);
      await touch('touchEnd', 0);
      await expect.poll(() => new URL(page.url()).hash).toMatch(/^#from=[\d.]+&to=[\d.]+$/);
      const [start = 0, end = 0] = [...new URL(page.url()).hash.matchAll(/=([\d.]+)/g)].map(
        ([, seconds]) => Number(seconds) * 1000,
      );
      // Four times as far apart: a quarter of the range. The fields hold whole seconds.
      expect((end - start) / (to - from)).toBeGreaterThan(0.1);
      expect((end - start) / (to - from)).toBeLessThan(0.5);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('on paper: light, nothing cut off and no control', async () => {
      const viewport = { width: PAPER_WIDTH, height: 1000 };
      const { page } = await open({ viewport, colorScheme: 'dark' });
      await page.waitForSelector('#stability canvas');
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await expect.poll(() => page.evaluate(WRONG_ON_PAPER)).toEqual([]);
      await page.context().close();
    });

    test.each([
      ['desktop, light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
      ['desktop, dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
      ['tablet, light', { viewport: { width: 768, height: 1024 }, colorScheme: 'light' }],
      ['wide, dark', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }],
      ['phone, light', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
      ['phone, dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
    ] as const)('%s: axe finds nothing, and nothing is wider than the screen', async (_, options) => {
      const { page } = await open(options);
      await page.waitForSelector('#stability canvas');
      expect(await axeViolations(page)).toEqual([]);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(overflow).toBeLessThanOrEqual(0);
      await page.context().close();
    });
  },
);
