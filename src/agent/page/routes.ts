import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STYLE } from '../../report/style.ts';
import type { Reply } from '../http/reply.ts';
import type { Handler } from '../http/server.ts';
import { INDEX_PAGE } from './index-page.ts';
import { PAGE_STYLE } from './page-style.ts';

/** The built modules: the sources are TypeScript, which no browser reads. */
const DIST = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../dist/' : '../../', import.meta.url),
);

/** Every module that the page loads, as built. */
const MODULES = [
  'agent/browser/api.js',
  'agent/browser/axis.js',
  'agent/browser/dom.js',
  'agent/browser/ends.js',
  'agent/browser/main.js',
  'agent/browser/markers.js',
  'agent/browser/marks.js',
  'agent/browser/plot.js',
  'agent/browser/range.js',
  'agent/browser/series.js',
  'agent/browser/stability-figure.js',
  'agent/browser/summary.js',
  'agent/browser/time-figures.js',
  'agent/browser/words.js',
  'agent/browser/zoom.js',
  'errors.js',
  'digits.js',
  'report/plot/tick-text.js',
  'report/words.js',
  'units.js',
];

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** A file that stays what it is while the agent runs: read once, and not sent again to who has it. */
function asset(type: string, read: () => string | Buffer): Handler {
  let reply: (Reply & { tag: string }) | null = null;
  return (_, ifNoneMatch) => {
    if (reply === null) {
      const body = read();
      const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`;
      reply = { status: 200, type, body, headers: { etag: tag, 'cache-control': 'no-cache' }, tag };
    }
    return ifNoneMatch === reply.tag ? { ...reply, status: 304 } : reply;
  };
}

/** The pages and what they load, by exact path; every file is named here, none by a request. */
export function pageRoutes(): Map<string, Handler> {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const file = (path: string) => () => readFileSync(path);
  return new Map<string, Handler>([
    ['/', asset(HTML, () => INDEX_PAGE)],
    ['/style.css', asset(CSS, () => STYLE + readFileSync(join(uplot, 'uPlot.min.css'), 'utf8') + PAGE_STYLE)],
    ['/uplot.js', asset(SCRIPT, file(join(uplot, 'uPlot.iife.min.js')))],
    ...MODULES.map((name) => [`/js/${name}`, asset(SCRIPT, file(join(DIST, name)))] as const),
  ]);
}
