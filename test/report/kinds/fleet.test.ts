import { expect, test } from 'vitest';
import type { Block, Table } from '../../../src/report/content.ts';
import {
  eventsTable,
  hostSections,
  hostsTable,
  kernelsTable,
  outliersTable,
  overviewSections,
  overviewVerdicts,
} from '../../../src/report/kinds/fleet.ts';
import { fleetCollectText, fleetInitText } from '../../../src/report/kinds/fleet-hub.ts';
import { sectionsText, tableText } from '../../../src/report/text.ts';
import type { FleetHostResult, FleetHostRow, FleetOverview } from '../../../src/schema/fleet.ts';
import { nameOf } from '../../../src/schema/words.ts';
import { said } from '../said.ts';

const at = (time: string) => `2026-11-20T${time}.000Z`;
const standing: NonNullable<FleetHostRow['standing']> = {
  against: 'discipline',
  peers: 'site=a',
  size: 12,
  value: 25e-6,
  middle: 10e-6,
  spread: 2e-6,
  standardError: 1e-8,
  score: 7.5,
  outlier: true,
  since: at('04:05:06'),
};
const host: FleetHostRow = {
  id: 7,
  host: 'node-7',
  twin: 1,
  hostname: 'node-7.example',
  version: '0.3.0',
  labels: { site: 'a', rack: '3' },
  cpu: 'AMD EPYC',
  kernel: '6.18.44',
  clocksource: 'tsc',
  discipline: 'told',
  firstSeenAt: at('00:00:01'),
  lastSeenAt: at('10:11:12'),
  silent: false,
  clockErrorMs: 12,
  lost: { minutes: 0, samples: 0, events: 0, documents: 0 },
  standing,
};
const bare: FleetHostRow = {
  ...host,
  id: 8,
  twin: 2,
  labels: {},
  cpu: null,
  kernel: null,
  clocksource: null,
  discipline: null,
  silent: true,
  standing: null,
};
const judged = (changes: Partial<typeof standing>): FleetHostRow => ({
  ...host,
  standing: { ...standing, ...changes },
});
const list = { where: [], total: 3, offset: 0 };
const address = (name: string) => `/host/${encodeURIComponent(name)}`;
const both = (table: Table) =>
  `${tableText(table)}\n\n${said([{ id: 'table', title: 'On a page', blocks: [table] }])}`;

test('hosts: named apart where several publish under one word, a dash for what is not known', async () => {
  const hosts = [host, bare, judged({ score: Number.POSITIVE_INFINITY }), judged({ score: null })];
  expect(hosts.map(nameOf)).toEqual(['node-7', 'node-7#2', 'node-7', 'node-7']);
  await expect(`${both(hostsTable({ ...list, total: 4, hosts }, address))}\n`).toMatchFileSnapshot(
    'fleet-hosts.txt',
  );
  expect(hostsTable({ ...list, hosts }).addresses).toBeUndefined();
});

test('which part of a list is shown', () => {
  const note = (shown: number, total: number, offset = 0) =>
    hostsTable({ where: [], total, offset, hosts: Array(shown).fill(host) }).note;
  expect([note(0, 0), note(0, 1, 5), note(0, 1200, 1200), note(3, 3), note(3, 1200, 1000)]).toEqual([
    'No host.',
    'Past the end: the list has 1 host.',
    'Past the end: the list has 1,200 hosts.',
    '',
    '1,001 to 1,003 of 1,200.',
  ]);
});

test('outliers: those that were judged, since when and against what', async () => {
  const hosts = [
    host,
    bare,
    judged({ since: null }),
    judged({ outlier: false, since: null, score: 1.25, against: 'claim', size: 1 }),
    judged({ outlier: false, since: null, score: null }),
  ];
  await expect(`${both(outliersTable({ hosts }, address))}\n`).toMatchFileSnapshot('fleet-outliers.txt');
  expect(outliersTable({ hosts: [bare] }).note).toBe(
    'No host has been judged: that needs its rate, against disciplined time or a claimed one, and peers to hold it against.',
  );
  expect(outliersTable({ hosts }).note).toBe('');
  expect(outliersTable({ hosts }).addresses).toBeUndefined();
});

const event = {
  at: at('09:00:00'),
  seenAt: at('09:00:05'),
  host: 7,
  name: 'node-7#2',
  hostname: 'node-7.example',
  kind: 'step',
  clock: 'realtime',
  detail: '+3 s',
};

test('events, each by its host', () => {
  const range = { from: at('00:00:00'), to: at('12:00:00') };
  const events = [event, { ...event, clock: null }];
  expect(eventsTable({ ...list, ...range, total: 20, events }, address)).toEqual({
    head: ['host', 'time (UTC)', 'event', 'clock', 'what happened'],
    rows: [
      ['node-7.example', '2026-11-20 09:00:00', 'step', 'realtime', '+3 s'],
      ['node-7.example', '2026-11-20 09:00:00', 'step', '-', '+3 s'],
    ],
    addresses: ['/host/node-7%232', '/host/node-7%232'],
    note: '1 to 2 of 20.',
  });
  expect(eventsTable({ ...list, ...range, total: 0, events: [] }).note).toBe(
    'Nothing happened from 2026-11-20 00:00:00 to 2026-11-20 12:00:00 UTC.',
  );
  expect(eventsTable({ ...list, ...range, total: 1, offset: 4, events: [] }).note).toBe(
    'Past the end: the list has 1 event.',
  );
});

test('whatever a host calls itself, a row stays one line under its heads, and a fact stays one', () => {
  const events = [event, { ...event, hostname: 'a\nb', detail: 'x\ty\x1b' }];
  const table = eventsTable({ ...list, from: at('00:00:00'), to: at('12:00:00'), total: 2, events });
  expect(tableText(table)).toBe(
    [
      'host            time (UTC)           event  clock     what happened',
      'node-7.example  2026-11-20 09:00:00  step   realtime  +3 s',
      'a\\x0ab          2026-11-20 09:00:00  step   realtime  x\\x09y\\x1b',
    ].join('\n'),
  );
  const facts: Block = { facts: [['name', 'a\nb', 'c\td']] };
  expect(sectionsText([{ id: 'host', title: 'Host', blocks: [facts] }])).toBe(
    '  name                a\\x0ab  (c\\x09d)',
  );
});

const kernel = {
  kernel: '6.1.0',
  path: 'hrtimer',
  hosts: 1200,
  clamps: 0,
  catchesUp: 1000,
  untested: 200,
  lockupNs: { shortest: 3600e9, median: 7200e9 },
};

test('kernels: from how long a stop on', () => {
  const kernels = [kernel, { ...kernel, lockupNs: null }, { ...kernel, catchesUp: 0, lockupNs: null }];
  expect(tableText(kernelsTable({ kernels }))).toBe(
    [
      'kernel  timer    hosts  clamp  catch up  not tested  a stop that locks up (200 us timer)',
      '6.1.0   hrtimer  1,200      0     1,000         200  1.0 h or longer; median 2.0 h',
      '6.1.0   hrtimer  1,200      0     1,000         200  not known',
      '6.1.0   hrtimer  1,200      0         0         200  -',
    ].join('\n'),
  );
  expect(kernelsTable({ kernels: [] }).note).toBe(
    'No host has sent a run of tscope kvm yet; tscope kvm --db FILE keeps one for the agent to send.',
  );
});

const quiet: FleetOverview = {
  concludedAt: at('10:00:00'),
  hosts: 1200,
  silent: 0,
  twins: 0,
  clockErrors: 0,
  judged: { discipline: 900, claim: 200 },
  outliers: 0,
  worst: [],
  moves: [],
  kernels: [{ ...kernel, clamps: 1200, catchesUp: 0 }],
};
const move = {
  at: at('08:00:00'),
  host: 7,
  name: 'node-7',
  hostname: 'node-7.example',
  site: 'a',
  change: 3e-6,
  limit: 1e-6,
};
const reference = { ...move, host: null, name: null, hostname: null };

test('a fleet in which everything is wrong, the worst first', async () => {
  const busy: FleetOverview = {
    ...quiet,
    silent: 1,
    twins: 2,
    clockErrors: 3,
    outliers: 4,
    worst: [host],
    moves: [move, { ...move, hostname: null, name: null }, reference, { ...reference, site: '' }],
    kernels: [kernel],
  };
  const verdicts = overviewVerdicts(busy).map(({ level, about, text }) => `${level} ${about}: ${text}`);
  const sections = overviewSections(busy, address);
  await expect(
    `${verdicts.join('\n')}\n\n${sectionsText(sections)}\n\n${said(sections)}\n`,
  ).toMatchFileSnapshot('fleet-overview.txt');
  expect(JSON.stringify(overviewSections(busy))).not.toContain('addresses');
});

test('a quiet fleet, one not judged yet, and none', () => {
  const good = {
    level: 'good',
    about: 'Fleet',
    text: '1,200 hosts, none silent; no outlier among 1,100 rates judged.',
  };
  expect(overviewVerdicts(quiet)).toEqual([good]);
  expect(overviewVerdicts({ ...quiet, moves: [move] })).toEqual([good]);
  expect(overviewVerdicts({ ...quiet, judged: { discipline: 0, claim: 1 } })).toHaveLength(1);
  const unjudged = { ...quiet, concludedAt: null, judged: { discipline: 0, claim: 0 } };
  expect(overviewVerdicts(unjudged)).toEqual([
    {
      level: 'unknown',
      about: 'Fleet',
      text: '1,200 hosts, none silent; no rate could be held against peers yet.',
    },
  ]);
  expect(overviewVerdicts({ ...unjudged, hosts: 0 })).toEqual([
    { level: 'unknown', about: 'Hosts', text: 'No host has been heard from yet: start an agent with --hub.' },
  ]);
  const titles = (view: FleetOverview) =>
    overviewSections(view).map(({ id, title, blocks }) => [id, title, sectionsText([{ id, title, blocks }])]);
  expect(titles({ ...quiet, kernels: [] })).toEqual([
    ['outliers', 'Outliers', 'No host stands out among its peers (judged at 2026-11-20 10:00:00 UTC).'],
    ['changes', 'Rates that changed', "No host's rate changed by itself in the last week."],
    ['kernels', 'Kernels', expect.stringContaining('No host has sent a run of tscope kvm yet')],
  ]);
  expect(titles(unjudged)[0]?.[2]).toBe('The fleet has not been judged yet.');
});

const result: FleetHostResult = {
  host: { ...host, lost: { minutes: 1, samples: 1000, events: 0, documents: 0 } },
  from: at('00:00:00'),
  to: at('12:00:00'),
  width: 'hour',
  pairs: [
    {
      clock: 'monotonic',
      reference: 'tsc',
      independent: false,
      at: [at('06:00:00'), at('09:00:00'), at('12:00:00')],
      offsetNs: [0, -2_000_000, 1_000_000],
      rateRatio: [1e-6, null, -2e-6],
    },
    { clock: 'realtime', reference: 'tsc', independent: null, at: [], offsetNs: [], rateRatio: [] },
  ],
  calibrations: [
    {
      at: at('01:00:00'),
      tscHz: 2_596_130_000,
      standardErrorRatio: 2e-9,
      kernelHz: 2_596_125_000,
      trueHz: 2_596_131_000,
      trueErrorRatio: 3e-9,
    },
    {
      at: at('02:00:00'),
      tscHz: 2e9,
      standardErrorRatio: 1e-7,
      kernelHz: null,
      trueHz: null,
      trueErrorRatio: null,
    },
  ],
  events: [event, { ...event, clock: null }],
  eventsTotal: 5,
  documents: [
    {
      id: 1,
      kind: 'kvm',
      at: at('03:00:00'),
      kernel: '6.1.0',
      summary: { fix: 'clamps', path: 'hrtimer', long: 'x'.repeat(40), count: 3 },
    },
    { id: 2, kind: 'kvm', at: at('03:00:00'), kernel: null, summary: null },
  ],
};

test("a host's page", async () => {
  const sections = hostSections(result);
  await expect(`${sectionsText(sections)}\n\n=== on a page ===\n\n${said(sections)}\n`).toMatchFileSnapshot(
    'fleet-host.txt',
  );
});

test('a host of which little is known', async () => {
  const sections = hostSections({
    ...result,
    host: { ...bare, lost: { minutes: 0, samples: 1, events: 0, documents: 0 } },
    width: 'minute',
    pairs: [],
    calibrations: [],
    events: [],
    eventsTotal: 0,
    documents: [],
  });
  await expect(`${sectionsText(sections)}\n\n=== on a page ===\n\n${said(sections)}\n`).toMatchFileSnapshot(
    'fleet-host-bare.txt',
  );
});

test.each([
  [judged({}), 'It is an outlier, since 2026-11-20 04:05:06 UTC.'],
  [judged({ since: null }), 'It is an outlier.'],
  [judged({ outlier: false, score: null }), 'Too few peers to judge it.'],
  [judged({ outlier: false }), 'It is one of them.'],
])('where it stands among its peers: %#', (one, text) => {
  const peers = sectionsText(hostSections({ ...result, host: one }).filter(({ id }) => id === 'peers'));
  expect(peers).toBe(
    `Its rate against disciplined time is +25.000 +/- 0.010 ppm; its 11 peers (site=a) are about +10 ppm, spread 2.0 ppm. ${text}`,
  );
});

test('what disciplines its clock, in words; a word that is not known stands as it is', () => {
  const disciplined = (discipline: string) =>
    /disciplined by +(.*)/.exec(
      sectionsText(hostSections({ ...result, host: { ...host, discipline } })),
    )?.[1];
  expect(['told', 'untold', 'failing', 'none', 'moon'].map(disciplined)).toEqual([
    'a time daemon; the kernel calls it synchronised',
    'a time daemon that does not tell the kernel so, as chronyd without rtcsync',
    'a time daemon that has lost its reference',
    'nothing',
    'moon',
  ]);
});

test('what the hub was given, and what was collected from it', () => {
  const init = { hub: 'nats://hub', made: ['A', 'B'], there: ['C', 'D'], differences: [], config: null };
  expect(fleetInitText(init)).toBe('Made on nats://hub: A, B.\nThere already: C, D.');
  expect(fleetInitText({ ...init, there: [] })).toBe('Made on nats://hub: A, B.');
  expect(fleetInitText({ ...init, made: [] })).toBe(
    'nats://hub has all that a fleet needs; nothing was changed.',
  );
  const differences = [{ what: 'stream A', field: 'max_age', is: '1', asked: '2' }];
  expect(fleetInitText({ ...init, there: [], differences })).toBe(
    'Made on nats://hub: A, B.\nDiffers: stream A has max_age 1, asked for was 2; it was left so.',
  );
  expect(fleetInitText({ ...init, config: 'max_payload: 1' })).toBe('max_payload: 1');
  const collected = {
    hub: 'nats://hub',
    db: 'pg',
    durationNs: 1e9,
    batches: 1200,
    rollups: 36_000,
    refused: 1,
    ledger: null,
  };
  const text =
    'Collected 1,200 batches with 36,000 minutes and hours from nats://hub into pg; 1 were put aside.';
  expect(fleetCollectText(collected)).toBe(text);
  const ledger = { received: 4000, stored: 3000, refused: 200, waiting: 1000, expired: 0 };
  expect(fleetCollectText({ ...collected, ledger })).toBe(
    `${text} Of 4,000 messages that the hub ever took 3,000 are stored, 200 refused, 1,000 waiting.`,
  );
});
