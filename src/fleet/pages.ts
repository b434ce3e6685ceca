import { createHash } from 'node:crypto';
import { onlyParameters, timeRange } from '../agent/api/query.ts';
import { jsonReply, type Reply } from '../agent/http/reply.ts';
import type { Handler } from '../agent/http/server.ts';
import { KeptAnswers } from '../agent/kept-answers.ts';
import { TscopeError, usageError } from '../errors.ts';
import type { Section, Table } from '../report/content.ts';
import { paragraph, sectionHtml } from '../report/html.ts';
import {
  eventsTable,
  type HostAddress,
  hostSections,
  hostsTable,
  kernelsTable,
  outliersTable,
  overviewSections,
  overviewVerdicts,
} from '../report/kinds/fleet.ts';
import { element, prose } from '../report/markup.ts';
import { verdictCards } from '../report/page.ts';
import { STYLE } from '../report/style.ts';
import { plural } from '../report/words.ts';
import type { FleetHostResult } from '../schema/fleet.ts';
import { schemaId } from '../schema/words.ts';
import { version } from '../version.ts';
import type { FleetStore } from './store/fleet-store.ts';
import { filterOf, HOST_ORDERS, type HostOrder, type Where } from './store/hosts.ts';
import {
  eventsView,
  hostNamed,
  hostsView,
  hostView,
  kernelsView,
  outliersView,
  overviewView,
} from './views.ts';

/** Rows of a page of a list. */
const ROWS = 50;
/** As far as a list is paged through. */
const MOST_OFFSET = 1_000_000;
/** Ranges of a host's page, h. */
const HOST_RANGES: ReadonlyArray<readonly [hours: number, name: string]> = [
  [1, '1 h'],
  [24, '24 h'],
  [168, '7 d'],
  [720, '30 d'],
  [8760, '1 y'],
];
const DEFAULT_HOURS = 24;
const EVENTS_RANGE_MS = 7 * 24 * 3_600_000;
/** How long an answer is good for: hosts send once a minute. */
export const KEPT_MS = 5_000;
/** Answers that are kept; the largest, a host's week, is of 1 MB. */
const MOST_KEPT = 32;

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const PAGE_STYLE = `
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1.2rem; } header h1 { margin: 0; }
header nav ul { margin: 0; } nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
nav.pages { margin: .6rem 0 0; }
form.filter { display: flex; flex-wrap: wrap; gap: .5rem .9rem; align-items: end; margin: 1rem 0; }
form.filter label { display: grid; font-size: .85rem; color: var(--faint); }
form.filter input, form.filter select, form.filter button { font: inherit; font-size: .95rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: .3rem .5rem; min-width: 0; }
form.filter button { cursor: pointer; padding: .3rem .9rem; }
.pages { display: flex; gap: 1rem; } main { max-width: 80rem; } h2 { margin-top: 2.2rem; }
/* On paper a filter is only what it was. */
@media print {
  .pages, form.filter button, form.filter:not(:has(input[value])) { display: none; } form.filter input { border: 0; padding: 0; }
  main { max-width: none; }
}
`;
const STYLE_SHEET = STYLE + PAGE_STYLE;
const STYLE_TAG = `"${createHash('sha256').update(STYLE_SHEET).digest('base64url').slice(0, 20)}"`;

/** As every answer's, but that the filters may be sent, to this server only, and drawings carry their own style. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const TABS = [
  ['/', 'Overview'],
  ['/outliers', 'Outliers'],
  ['/hosts', 'Hosts'],
  ['/events', 'Events'],
  ['/kernels', 'Kernels'],
] as const;

const sectionsHtml = (sections: readonly Section[]): string =>
  sections
    .map((section) => {
      const { id, title } = section;
      return `<section aria-labelledby="${id}"><h2 id="${id}">${prose(title)}</h2>${sectionHtml(section)}</section>`;
    })
    .join('\n');

function page(path: string, title: string, ...content: string[]): Reply {
  const tabs = TABS.map(([href, name]) =>
    element(
      'li',
      {},
      element('a', { href, 'aria-current': href === path ? 'page' : undefined }, prose(name)),
    ),
  );
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>${prose(title)} - tscope fleet</title>
<link rel="stylesheet" href="/style.css"></head>
<body><main><header>${element('h1', {}, prose(title))}<nav aria-label="Pages"><ul>${tabs.join('')}</ul></nav></header>
${content.join('\n')}
<footer><p>The same data: <a href="/api/v1/fleet/overview">overview</a>, <a href="/api/v1/fleet/hosts">hosts</a>,
<a href="/api/v1/fleet/outliers">outliers</a>, <a href="/api/v1/fleet/events">events</a>,
<a href="/api/v1/fleet/kernels">kernels</a> as JSON; <a href="/metrics">metrics</a>. Times are UTC.</p></footer>
</main></body></html>
`;
  return { status: 200, type: HTML, body, headers: { 'content-security-policy': POLICY } };
}

/** The address of a host's page. */
const addressOf: HostAddress = (name) => `/host?name=${encodeURIComponent(name)}`;

/** Filters, one a word. @throws TscopeError USAGE. */
function whereOf(text: string): Where[] {
  try {
    return text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(filterOf);
  } catch (error) {
    if (!(error instanceof TscopeError)) throw error;
    throw usageError(`where: ${error.message}`);
  }
}

function offsetOf(query: URLSearchParams): number {
  const text = query.get('offset') ?? '0';
  const offset = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (offset <= MOST_OFFSET) return offset;
  throw usageError(`offset: '${text.slice(0, 40)}' is not a number of rows from 0 to ${MOST_OFFSET}.`);
}

/** `hours`, how far back. @throws TscopeError USAGE. */
function hoursOf(query: URLSearchParams): number {
  const text = query.get('hours') ?? String(DEFAULT_HOURS);
  const hours = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (hours >= 1 && hours <= 87_600) return hours;
  throw usageError(`hours: '${text.slice(0, 40)}' is not a number of hours from 1 to 87600.`);
}

const pageOf = (query: URLSearchParams) => ({
  where: whereOf((query.get('where') ?? '').slice(0, 400)),
  limit: ROWS,
  offset: offsetOf(query),
});

const DEFAULT_ORDER: HostOrder = 'hostname';

function orderOf(query: URLSearchParams): { order: HostOrder; descending: boolean } {
  const text = query.get('order') ?? DEFAULT_ORDER;
  const name = text.replace(/^-/, '');
  const order = HOST_ORDERS.find((one) => one === name);
  if (order !== undefined) return { order, descending: text.startsWith('-') };
  throw usageError(
    `order: '${text.slice(0, 40)}' is not one of ${HOST_ORDERS.join(', ')}, with or without a -.`,
  );
}

/** What a list may be sorted by, and how a page says so. */
type Orders = ReadonlyArray<readonly [value: string, text: string]>;
const ORDERS: Orders = [
  ['hostname', 'name'],
  ['-score', 'furthest from its peers'],
  ['last-seen', 'longest not heard from'],
  ['kernel', 'kernel'],
  ['-clock-error', 'wall clock most ahead'],
];

function filter(path: string, query: URLSearchParams, orders: Orders): string {
  const where = element('input', {
    name: 'where',
    value: query.get('where') ?? undefined,
    placeholder: 'kernel=6.1.* site=ber',
    size: 28,
  });
  const chosen = query.get('order') ?? DEFAULT_ORDER;
  const options = orders.map(([value, text]) =>
    element('option', { value, selected: value === chosen ? '' : undefined }, prose(text)),
  );
  return element(
    'form',
    { class: 'filter', method: 'get', action: path, role: 'search' },
    element('label', {}, 'only hosts with', where),
    options.length === 0
      ? ''
      : element('label', {}, 'order', element('select', { name: 'order' }, ...options)),
    element('button', {}, 'Show'),
  );
}

/** Links to the parts of a list before and after the one shown. */
function pager(
  path: string,
  query: URLSearchParams,
  shown: number,
  { total, offset }: { total: number; offset: number },
): string {
  const link = (to: number, text: string) => {
    const next = new URLSearchParams(query);
    next.set('offset', String(to));
    return element('a', { href: `${path}?${next}` }, text);
  };
  const links = [
    ...(offset > 0 && total > 0 ? [link(Math.max(0, Math.min(offset, total) - ROWS), 'before')] : []),
    ...(offset + shown < total ? [link(offset + shown, 'after')] : []),
  ];
  return links.length === 0 ? '' : element('p', { class: 'pages' }, ...links);
}

const tableOf = (title: string, table: Section['blocks'][number]): string =>
  sectionsHtml([{ id: 'list', title, blocks: [table] }]);

/** A part of a list, with what it is filtered and sorted by, and the way to the other parts. */
const listPage = (
  path: string,
  query: URLSearchParams,
  view: { readonly total: number; readonly offset: number },
  title: string,
  caption: string,
  table: Table,
  orders: Orders = [],
  ...notes: string[]
): Reply =>
  page(
    path,
    title,
    filter(path, query, orders),
    tableOf(caption, table),
    pager(path, query, table.rows.length, view),
    ...notes,
  );

const OUTLIERS_NOTE = paragraph(
  'Each host is held against its peers: hosts of the same CPU and nominal rate. The score is its distance from their middle in what their spread and its own error explain.',
  'faint',
);

/** From `from` to `to`; without them the last `lastMs`. @throws TscopeError USAGE. */
const rangeOf = (query: URLSearchParams, nowMs: number, lastMs: () => number) =>
  query.has('from')
    ? timeRange(query, nowMs)
    : { fromNs: BigInt(nowMs - lastMs()) * 1_000_000n, toNs: BigInt(nowMs) * 1_000_000n };

function hostPage(view: FleetHostResult, query: URLSearchParams): Reply {
  const links = HOST_RANGES.map(([hours, name]) => {
    const asked = new URLSearchParams({ name: query.get('name') ?? '', hours: String(hours) });
    const current = !query.has('from') && hours === hoursOf(query) ? 'true' : undefined;
    return element('a', { href: `/host?${asked}`, 'aria-current': current }, name);
  });
  const ranges = element('nav', { class: 'pages', 'aria-label': 'Range' }, ...links);
  return page('/host', view.host.hostname, ranges, sectionsHtml(hostSections(view)));
}

/** What is wrong with a question is said on a page. */
const problemPage = (error: unknown): Reply => {
  if (!(error instanceof TscopeError && error.code === 'USAGE')) throw error;
  return { ...page('', 'No answer', paragraph(error.message, 'lead')), status: 400 };
};

/**
 * The fleet's pages and their data as JSON, by exact path.
 *
 * @param keptMs how long whoever asks the same gets the same answer.
 */
export function fleetRoutes(store: FleetStore, startedAt: Date, keptMs = KEPT_MS): Map<string, Handler> {
  const answers = new KeptAnswers<Reply>(MOST_KEPT);
  const headers = { etag: STYLE_TAG, 'cache-control': 'no-cache' };
  const style = { type: CSS, body: STYLE_SHEET, headers };
  const routes = new Map<string, Handler>([
    ['/style.css', (_, known) => ({ ...style, status: known === STYLE_TAG ? 304 : 200 })],
  ]);
  const keep = (path: string, answer: (query: URLSearchParams) => Promise<Reply>): void => {
    // Shared, so it depends on nothing that one of those who ask has already.
    routes.set(path, (query) => answers.get(`${path}?${query}`, keptMs, () => answer(query)));
  };
  /** Adds a page, and its data: a document of its name. @param parameters that may be given. */
  const add = <View>(
    path: string,
    parameters: readonly string[],
    ask: (query: URLSearchParams, nowMs: number) => Promise<View>,
    show: (view: View, query: URLSearchParams) => Reply,
  ): void => {
    const name = path.slice(1);
    const view = async (query: URLSearchParams): Promise<View> => {
      onlyParameters(query, ...parameters);
      return ask(query, Date.now());
    };
    keep(path, (query) =>
      view(query)
        .then((found) => show(found, query))
        .catch(problemPage),
    );
    keep(`/api/v1/fleet/${name || 'overview'}`, async (query) => {
      const head = { schema: schemaId(`fleet${name && `-${name}`}`), tool: { name: 'tscope', version } };
      const result = await view(query);
      return jsonReply({ ...head, startedAt: startedAt.toISOString(), warnings: [], result });
    });
  };
  add(
    '/',
    [],
    (_, nowMs) => overviewView(store, nowMs),
    (view) => {
      const sections = sectionsHtml(overviewSections(view, addressOf));
      return page('/', 'Fleet', verdictCards(overviewVerdicts(view)), sections);
    },
  );
  add(
    '/outliers',
    ['where', 'offset'],
    (query, nowMs) => outliersView(store, nowMs, pageOf(query)),
    (view, query) => {
      const table = outliersTable(view, addressOf);
      return listPage('/outliers', query, view, 'Outliers', 'Who stands out', table, [], OUTLIERS_NOTE);
    },
  );
  add(
    '/hosts',
    ['where', 'offset', 'order'],
    (query, nowMs) => hostsView(store, nowMs, { ...pageOf(query), ...orderOf(query) }),
    (view, query) => {
      const table = hostsTable(view, addressOf);
      return listPage('/hosts', query, view, 'Hosts', plural(view.total, 'host'), table, ORDERS);
    },
  );
  add(
    '/events',
    ['where', 'offset', 'from', 'to'],
    (query, nowMs) =>
      eventsView(store, { ...pageOf(query), ...rangeOf(query, nowMs, () => EVENTS_RANGE_MS) }),
    (view, query) =>
      listPage('/events', query, view, 'Events', 'What happened', eventsTable(view, addressOf)),
  );
  add(
    '/kernels',
    [],
    () => kernelsView(store),
    (view) =>
      page('/kernels', 'Kernels', tableOf('What the periodic timer does after a stop', kernelsTable(view))),
  );
  add(
    '/host',
    ['name', 'from', 'to', 'hours'],
    async (query, nowMs) => {
      const range = rangeOf(query, nowMs, () => hoursOf(query) * 3_600_000);
      return hostView(store, nowMs, await hostNamed(store, (query.get('name') ?? '').slice(0, 256)), range);
    },
    hostPage,
  );
  return routes;
}
