import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conclude } from '../../src/fleet/judge/conclude.ts';
import { fleetRoutes } from '../../src/fleet/pages.ts';
import { putConclusions } from '../../src/fleet/store/conclusions.ts';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import { fleetDocuments } from '../../src/schema/fleet.ts';
import { AXE, hasBrowser, launchBrowser, PAPER_WIDTH, WRONG_ON_PAPER } from '../e2e/browser.ts';
import { tscope } from '../e2e/tscope.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, received, T0 } from './batches.ts';
import { NOW_S, simulate } from './simulated.ts';

const db = `${temporaryFolder()}/fleet.db`;
let store: FleetStore;
let routes: ReturnType<typeof fleetRoutes>;

beforeAll(async () => {
  store = await openFleetStore(db);
  await simulate(store, { hosts: 60, seed: 5, faults: ['outlier', 'step', 'old'] });
  const hostile = batch('evil', {}, { hostname: '<script>alert(1)</script>', labels: {} });
  await writeDelivery(store, { stream: 'other', received: [received(hostile, T0 + 60_000)], refused: [] });
  await putConclusions(store, JSON.stringify(await conclude(store, NOW_S * 1000)));
  routes = fleetRoutes(store, new Date(0));
}, 60_000);
afterAll(() => store.close());

const get = async (path: string) => {
  const [name = '', query = ''] = path.split('?');
  const handler = routes.get(name);
  if (handler === undefined) throw new Error(`there is no ${name}`);
  return await handler(new URLSearchParams(query), undefined);
};
const text = async (path: string): Promise<string> => String((await get(path)).body);

const PAGES = ['/', '/outliers', '/hosts', '/events', '/kernels', '/host?name=host-3'];

test.each(PAGES)('%s is a whole page without a script', async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(200);
  expect(body).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  expect(body).not.toMatch(/<script|undefined|NaN|null</);
});

test('the overview names the outlier and the kernel that catches up, and leads to the host', async () => {
  const page = await text('/');
  expect(page).toContain('Outliers: problem');
  expect(page).toContain('6.1.150 catches up after a stop (hrtimer): 1&nbsp;host.'.replace('&nbsp;', ' '));
  expect(page).toMatch(/<a href="\/host\?name=host-\d+">node-/);
});

test('a name from outside is text', async () => {
  expect(await text('/hosts?order=-last-seen')).not.toContain('<script>alert');
  const page = await text('/hosts?where=hostname=*script*');
  expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
});

test.each([
  ['/hosts?where=kernel', "where: 'kernel' is not a filter; give field=pattern, as in site=ber."],
  ['/hosts?order=size', "order: 'size' is not one of"],
  ['/hosts?offset=-1', "offset: '-1' is not a number of rows"],
  ['/hosts?offset=1&offset=2', 'offset: give it once.'],
  ['/hosts?colour=red', "there is no parameter 'colour'"],
  ['/host?name=nobody', "no host of the fleet is called 'nobody'"],
  ['/host?name=node-00000', "'node-00000' means several hosts"],
  ['/host?name=host-3&hours=0', "hours: '0' is not a number of hours"],
  ['/events?from=yesterday', "from: 'yesterday' is not a time"],
])('%s is refused in a sentence, on a page', async (path, sentence) => {
  const { status, body } = await get(path);
  expect(status).toBe(400);
  expect(String(body).replaceAll('&#39;', "'").replaceAll('&gt;', '>')).toContain(sentence);
});

test('filters, orders and parts of a list', async () => {
  const { total } = JSON.parse(await text('/api/v1/fleet/hosts')).result;
  expect(total).toBe(61);
  const page = await text('/hosts?where=site=*');
  expect(page).toContain('<h2 id="list">60 hosts</h2>');
  expect(page).toMatch(/href="\/hosts\?where=site%3D\*&(?:amp|#38);offset=50">after</);
  expect(await text('/hosts?offset=50')).toContain('href="/hosts?offset=0">before<');
  expect(await text('/hosts?offset=9000')).toContain('href="/hosts?offset=11">before<');
  expect(await text('/hosts?where=site=nowhere&offset=50')).not.toContain('>before<');
});

test.each([
  ['/api/v1/fleet/overview', 'fleet'],
  ['/api/v1/fleet/hosts', 'fleet-hosts'],
  ['/api/v1/fleet/outliers', 'fleet-outliers'],
  ['/api/v1/fleet/events', 'fleet-events'],
  ['/api/v1/fleet/kernels', 'fleet-kernels'],
  ['/api/v1/fleet/host?name=host-3', 'fleet-host'],
] as const)('%s is the document %s', async (path, kind) => {
  const parsed = fleetDocuments[kind].safeParse(JSON.parse(await text(path)));
  expect(parsed.error?.issues ?? []).toEqual([]);
});

describe('the built command', () => {
  test.each([
    [['fleet'], /Outliers: At another rate than its peers: 1 host\./, 1],
    [['fleet', 'hosts', '--where', 'site=ber', '--limit', '3'], /^host +labels +kernel/, 0],
    [['fleet', 'hosts', '--where', 'site=ber', '--where', 'kernel=6.1.*'], /^host +labels +kernel/, 0],
    [['fleet', 'outliers'], /yes +always +against disciplined time/, 0],
    [['fleet', 'hosts', '--offset', '1000'], /^Past the end: the list has \d+ hosts\.$/m, 0],
    [['fleet', 'kernels'], /^kernel +timer[\s\S]*\n6\.1\.150/, 0],
    [['fleet', 'events', '--last', '3650d'], /step/, 0],
    [['fleet', 'host', 'host-3', '--last', '3650d'], /Its rate against/, 0],
  ])('tscope %j', async (args, output, status) => {
    const result = await tscope([...args, '--db', db]);
    expect(result.stdout).toMatch(output);
    expect(result.code).toBe(status);
  });

  test.each([
    [['fleet', 'hosts'], 'no fleet store is named; give --db, or set TSCOPE_FLEET_DB.'],
    [['fleet', 'hosts', '--db', '/nowhere/fleet.db'], '/nowhere/fleet.db holds no fleet store.'],
    [['fleet', 'hosts', '--db', db, '--where', 'kernel'], "--where: 'kernel' is not a filter"],
    [['fleet', 'host', 'nobody', '--db', db], "no host of the fleet is called 'nobody'"],
    [['fleet', 'dance'], 'fleet'],
  ])('tscope %j is refused', async (args, sentence) => {
    const result = await tscope(args);
    expect(result.stderr).toContain(sentence);
    expect(result.code).toBe(2);
  });
});

describe.skipIf(!hasBrowser)('in a browser (skipped where Debian package chromium is missing)', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { status, type, body, headers } = await get(request.url ?? '/');
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('no page is wider than its window, complains, or breaks a rule of axe-core, dark or light, at three widths', async () => {
    const browser = await launchBrowser();
    try {
      for (const [width, colorScheme] of [
        [390, 'light'],
        [768, 'dark'],
        [1280, 'light'],
      ] as const) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const page = await context.newPage();
        const complaints: string[] = [];
        page.on('console', (message) => complaints.push(message.text()));
        for (const path of PAGES) {
          await page.goto(url + path);
          const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
          expect(wide, `${path} at ${width}`).toBe(false);
          const violations = (await page.evaluate(
            `(() => { ${AXE}; return axe.run().then(({ violations }) => violations.map(({ id }) => id)); })()`,
          )) as string[];
          expect(violations, `${path} at ${width}`).toEqual([]);
        }
        expect(complaints).toEqual([]);
        await context.close();
      }
    } finally {
      await browser.close();
    }
  }, 120_000);

  test('on paper: light, nothing cut off and no control', async () => {
    const browser = await launchBrowser();
    try {
      const viewport = { width: PAPER_WIDTH, height: 1000 };
      const page = await (await browser.newContext({ viewport, colorScheme: 'dark' })).newPage();
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      for (const path of [...PAGES, '/hosts?offset=50']) {
        await page.goto(url + path);
        expect(await page.evaluate(WRONG_ON_PAPER), path).toEqual([]);
      }
      // What a list was filtered by is part of what it says.
      await page.goto(`${url}/hosts?where=site=ber`);
      expect(await page.locator('input[name=where]').isVisible()).toBe(true);
      expect(await page.locator('form.filter button').isVisible()).toBe(false);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
