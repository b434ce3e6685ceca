import { about, count, exactFrequency, offset, plusMinus, ratio, size, within } from '../../digits.ts';
import type {
  FleetEventLine,
  FleetEventsResult,
  FleetHostResult,
  FleetHostRow,
  FleetHostsResult,
  FleetKernelsResult,
  FleetOverview,
} from '../../schema/fleet.ts';
import { nameOf } from '../../schema/words.ts';
import { columns } from '../columns.ts';
import type { Block, Section, Table, Verdict } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import { timeUnit } from '../plot/tick-text.ts';
import { moment, orDash, plural } from '../words.ts';
import { rateText } from './calibrate.ts';

/** Where the page of a host is; a terminal has none. */
export type HostAddress = (name: string) => string;

/** `node-7`, and `node-7 (2nd of its name)` where several hosts publish under one word. */
const named = ({ hostname, host, twin }: FleetHostRow): string =>
  twin === 1 ? hostname : `${hostname} (${host} number ${twin})`;

const label = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

const AGAINST = { discipline: 'against disciplined time', claim: 'against the claimed rate' } as const;

/** What disciplines the kernel's clock, by the words of src/host/discipline.ts. */
const DISCIPLINED_BY: Readonly<Record<string, string>> = {
  told: 'a time daemon; the kernel calls it synchronised',
  untold: 'a time daemon that does not tell the kernel so, as chronyd without rtcsync',
  failing: 'a time daemon that has lost its reference',
  none: 'nothing',
};

/** Where its rate stands: the value and how far it is from its peers. */
const standingText = ({ standing }: FleetHostRow): string =>
  orDash(standing, ({ value, standardError }) => within(value, standardError, ratio));
const scoreText = ({ standing }: FleetHostRow): string =>
  orDash(standing?.score, (score) => (Number.isFinite(score) ? score.toFixed(1) : 'beyond measure'));

/** Which part of a list is shown, unless it is all of it. @param what what a row is, in the singular. */
const rest = (
  what: string,
  shown: number,
  { total, offset: from }: { total: number; offset: number },
): string => {
  if (shown === 0) return total === 0 ? `No ${what}.` : `Past the end: the list has ${plural(total, what)}.`;
  return shown === total ? '' : `${count(from + 1)} to ${count(from + shown)} of ${count(total)}.`;
};

/** Hosts by name, with what runs on them and how they were heard from. */
export function hostsTable(result: FleetHostsResult, address?: HostAddress): Table {
  return {
    ...columns(result.hosts, [
      ['host', named],
      ['labels', ({ labels }) => label(labels)],
      ['kernel', ({ kernel }) => orDash(kernel)],
      ['clocksource', ({ clocksource }) => orDash(clocksource)],
      ['#rate', standingText],
      ['#score', scoreText],
      [
        'last heard from (UTC)',
        ({ lastSeenAt, silent }) => `${moment(lastSeenAt)}${silent ? ', silent' : ''}`,
      ],
      ['version', ({ version }) => version],
    ]),
    addresses: address && result.hosts.map((host) => address(nameOf(host))),
    note: rest('host', result.hosts.length, result),
  };
}

/** Hosts by how far they stand out, and from what. */
export function outliersTable(result: Pick<FleetHostsResult, 'hosts'>, address?: HostAddress): Table {
  const judged = result.hosts.flatMap((host) => {
    const { standing } = host;
    return standing === null ? [] : [{ ...host, standing }];
  });
  return {
    ...columns(judged, [
      ['host', named],
      ['#rate', standingText],
      ['#middle of its peers', ({ standing }) => within(standing.middle, standing.spread / 10, ratio)],
      ['#their spread', ({ standing }) => about(standing.spread, size)],
      ['#score', scoreText],
      [
        'outlier',
        ({ standing }) => (standing.outlier ? 'yes' : standing.score === null ? 'too few peers' : 'no'),
      ],
      [
        'since (UTC)',
        ({ standing: { since, outlier } }) => (since === null ? (outlier ? 'always' : '-') : moment(since)),
      ],
      ['held', ({ standing }) => AGAINST[standing.against]],
      ['its peers', ({ standing }) => `${standing.peers}: ${plural(standing.size, 'host')}`],
    ]),
    addresses: address && judged.map((host) => address(nameOf(host))),
    note:
      judged.length === 0
        ? 'No host has been judged: that needs its rate, against disciplined time or a claimed one, and peers to hold it against.'
        : '',
  };
}

const EVENT_COLUMNS: ReadonlyArray<readonly [head: string, cell: (event: FleetEventLine) => string]> = [
  ['time (UTC)', ({ at }) => moment(at)],
  ['event', ({ kind }) => kind],
  ['clock', ({ clock }) => orDash(clock)],
  ['what happened', ({ detail }) => detail],
];

/** Events of many hosts, each with its host. */
export const eventsTable = (result: FleetEventsResult, address?: HostAddress): Table => ({
  ...columns(result.events, [['host', ({ hostname }) => hostname], ...EVENT_COLUMNS]),
  addresses: address && result.events.map(({ name }) => address(name)),
  note:
    result.total === 0
      ? `Nothing happened from ${moment(result.from)} to ${moment(result.to)} UTC.`
      : rest('event', result.events.length, result),
});

/** Which kernels catch up after a stop, and how long a stop it takes to lock a host up. */
export const kernelsTable = ({ kernels }: FleetKernelsResult): Table => ({
  ...columns(kernels, [
    ['kernel', ({ kernel }) => kernel],
    ['timer', ({ path }) => path],
    ['#hosts', ({ hosts }) => count(hosts)],
    ['#clamp', ({ clamps }) => count(clamps)],
    ['#catch up', ({ catchesUp }) => count(catchesUp)],
    ['#not tested', ({ untested }) => count(untested)],
    [
      'a stop that locks up (200 us timer)',
      ({ lockupNs, catchesUp }) =>
        lockupNs === null
          ? catchesUp > 0
            ? 'not known'
            : '-'
          : `${about(lockupNs.shortest)} or longer; median ${about(lockupNs.median)}`,
    ],
  ]),
  note:
    kernels.length === 0
      ? 'No host has sent a run of tscope kvm yet; tscope kvm --db FILE keeps one for the agent to send.'
      : '',
});

/** What is wrong, the worst first; one good sentence where nothing is. */
export function overviewVerdicts(view: FleetOverview): Verdict[] {
  const catching = view.kernels.filter(({ catchesUp }) => catchesUp > 0);
  const found: Verdict[] = [];
  const say = (level: Verdict['level'], about: string, text: string) => found.push({ level, about, text });
  if (view.hosts === 0)
    say('unknown', 'Hosts', 'No host has been heard from yet: start an agent with --hub.');
  if (view.silent > 0)
    say(
      'bad',
      'Silence',
      `Not heard from for ten minutes: ${plural(view.silent, 'host')} of ${count(view.hosts)}.`,
    );
  if (view.twins > 0)
    say(
      'bad',
      'Twins',
      `Sharing a name with another machine, as cloned images do: ${plural(view.twins, 'host')}; their data are kept apart.`,
    );
  if (view.clockErrors > 0)
    say('bad', 'Wall clocks', `More than a minute off the hub's: ${plural(view.clockErrors, 'host')}.`);
  if (view.outliers > 0)
    say('bad', 'Outliers', `At another rate than its peers: ${plural(view.outliers, 'host')}.`);
  for (const { kernel, path, catchesUp } of catching)
    say('bad', 'Kernel', `${kernel} catches up after a stop (${path}): ${plural(catchesUp, 'host')}.`);
  for (const { site, at, change } of view.moves.filter(({ host }) => host === null))
    say(
      'note',
      'Reference',
      `All hosts of ${site === '' ? 'the fleet' : site} changed their rate by ${about(change, ratio)} at ${moment(at)} UTC: their reference moved, not their crystals.`,
    );
  const judged = view.judged.discipline + view.judged.claim;
  if (found.length === 0 && judged === 0)
    say(
      'unknown',
      'Fleet',
      `${plural(view.hosts, 'host')}, none silent; no rate could be held against peers yet.`,
    );
  else if (found.length === 0)
    say(
      'good',
      'Fleet',
      `${plural(view.hosts, 'host')}, none silent; no outlier among ${count(judged)} rates judged.`,
    );
  return found;
}

/** The overview below its verdicts. */
export function overviewSections(view: FleetOverview, address?: HostAddress): Section[] {
  const moves = view.moves.filter(({ host }) => host !== null);
  return [
    {
      id: 'outliers',
      title: 'Outliers',
      blocks: [
        view.worst.length === 0
          ? {
              text:
                view.concludedAt === null
                  ? 'The fleet has not been judged yet.'
                  : `No host stands out among its peers (judged at ${moment(view.concludedAt)} UTC).`,
            }
          : outliersTable({ hosts: view.worst }, address),
      ],
    },
    {
      id: 'changes',
      title: 'Rates that changed',
      blocks: [
        moves.length === 0
          ? { text: "No host's rate changed by itself in the last week." }
          : {
              head: ['host', 'time (UTC)', 'site', '#change', '#told from'],
              rows: moves.map(({ at, hostname, site, change, limit }) => [
                orDash(hostname),
                moment(at),
                site,
                about(change, ratio),
                about(limit, size),
              ]),
              addresses: address && moves.map(({ name }) => address(name ?? '')),
            },
      ],
    },
    { id: 'kernels', title: 'Kernels', blocks: [kernelsTable(view)] },
  ];
}

/** Rates and offsets over the hours before the end of the range: an axis that suits a week and an hour. */
function figuresOf({ host, pairs, to, width }: FleetHostResult): Block[] {
  const end = Date.parse(to);
  const hours = (iso: string) => (Date.parse(iso) - end) / 3_600_000;
  const drawn = pairs.filter(({ at }) => at.length > 0);
  const largest = Math.max(0, ...drawn.flatMap(({ offsetNs }) => offsetNs.map(Math.abs)));
  const unit = timeUnit(largest);
  const x = { label: `hours before ${moment(to)} UTC`, scale: 'linear' } as const;
  const peers = host.standing?.against === 'discipline' ? host.standing : null;
  return [
    linesFigure({
      id: 'rate',
      title: `Rate of ${host.hostname}'s clocks, ${width} by ${width}`,
      x,
      y: { label: 'rate against the reference (ppm)', scale: 'linear' },
      series: drawn.map(({ clock, reference, at, rateRatio }) => ({
        label: `${clock} - ${reference}`,
        points: at.map((one, i) => [hours(one), (rateRatio[i] ?? Number.NaN) * 1e6] as const),
        describe: (_, ppm) => `${clock}: ${about(ppm * 1e-6, ratio)}`,
      })),
      limits:
        peers === null ? [] : [{ at: -peers.middle * 1e6, label: 'the middle of its peers, of monotonic' }],
      caption: ['A step of a clock shows as a single wild point; the events below name it.'],
    }),
    linesFigure({
      id: 'offset',
      title: 'Time that its clocks have gained or lost since the range began',
      x,
      y: { label: `gained on the reference (${unit.unit})`, scale: 'linear', include: [0] },
      series: drawn.map(({ clock, reference, at, offsetNs }) => ({
        label: `${clock} - ${reference}`,
        points: at.map((one, i) => [hours(one), (offsetNs[i] as number) / unit.ns] as const),
        describe: (_, value) => `${clock}: ${about(value * unit.ns, offset)}`,
      })),
    }),
  ];
}

export function hostSections(result: FleetHostResult): Section[] {
  const { host, calibrations, events, eventsTotal, documents } = result;
  const { standing, lost } = host;
  const gone = Object.values(lost).reduce((sum, rows) => sum + rows, 0);
  const facts: Array<readonly [string, string, string]> = [
    ['labels', orDash(label(host.labels) || null), ''],
    ['CPU', orDash(host.cpu), ''],
    ['kernel', orDash(host.kernel), ''],
    ['clocksource', orDash(host.clocksource), ''],
    ['disciplined by', orDash(host.discipline, (word) => DISCIPLINED_BY[word] ?? word), ''],
    [
      'heard from',
      `${moment(host.firstSeenAt)} to ${moment(host.lastSeenAt)} UTC`,
      host.silent ? 'silent' : '',
    ],
    [
      'wall clock',
      `${about(host.clockErrorMs * 1e6, offset)} from the hub's`,
      'the time that the message took included',
    ],
    [
      'lost before it was sent',
      gone === 0 ? 'nothing' : plural(gone, 'row'),
      gone === 0 ? '' : 'deleted by its own retention',
    ],
  ];
  const among: Block[] =
    standing === null
      ? [
          {
            text: 'Not judged: its clock is not disciplined, and no claimed rate is known to hold its TSC against.',
          },
        ]
      : [
          {
            text: `Its rate ${AGAINST[standing.against]} is ${plusMinus(standing.value, standing.standardError, ratio)}; its ${plural(standing.size - 1, 'peer')} (${standing.peers}) are about ${about(standing.middle, ratio)}, spread ${about(standing.spread, size)}.${
              standing.outlier
                ? ` It is an outlier${standing.since === null ? '' : `, since ${moment(standing.since)} UTC`}.`
                : standing.score === null
                  ? ' Too few peers to judge it.'
                  : ' It is one of them.'
            }`,
          },
        ];
  return [
    { id: 'facts', title: 'Host', blocks: [{ facts }] },
    { id: 'peers', title: 'Among its peers', blocks: among },
    { id: 'clocks', title: 'Clocks', blocks: figuresOf(result) },
    {
      id: 'calibrations',
      title: 'Calibrations',
      blocks: [
        {
          head: ['time (UTC)', '#TSC', '#kernel takes it for', '#by disciplined time'],
          rows: calibrations.map(({ at, tscHz, standardErrorRatio, kernelHz, trueHz, trueErrorRatio }) => [
            moment(at),
            rateText(tscHz, standardErrorRatio),
            orDash(kernelHz, exactFrequency),
            trueHz === null || trueErrorRatio === null ? '-' : rateText(trueHz, trueErrorRatio),
          ]),
          note: calibrations.length === 0 ? 'None was sent yet.' : '',
        },
      ],
    },
    {
      id: 'events',
      title: 'Events',
      blocks: [
        {
          ...columns(events, EVENT_COLUMNS),
          note:
            eventsTotal === 0
              ? 'None in this range.'
              : rest('event', events.length, { total: eventsTotal, offset: 0 }),
        },
      ],
    },
    {
      id: 'runs',
      title: 'What its kernel does',
      blocks: [
        {
          head: ['time (UTC)', 'command', 'kernel', 'summary'],
          rows: documents.map(({ at, kind, kernel, summary }) => [
            moment(at),
            kind,
            orDash(kernel),
            summaryText(summary),
          ]),
          note: documents.length === 0 ? 'No run of tscope kvm was sent yet.' : '',
        },
      ],
    },
  ];
}

/** The members of a summary that are single words. */
const summaryText = (summary: unknown): string =>
  typeof summary !== 'object' || summary === null
    ? ''
    : Object.entries(summary)
        .filter(([, value]) => typeof value === 'string' && value.length < 40)
        .map(([key, value]) => `${key}: ${String(value)}`)
        .join(', ');
