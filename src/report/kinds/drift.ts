import { greatest, group } from 'd3-array';
import { about, count, exact, offset, plusMinus, ratio, size, within } from '../../digits.ts';
import type { DriftEvent, DriftPair, DriftResult } from '../../schema/drift.ts';
import type { EventKind } from '../../schema/words.ts';
import { columns } from '../columns.ts';
import type { Block, Kind, Section, Table, Verdict } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import { durationText, ratioText, timeUnit } from '../plot/tick-text.ts';
import { listed, orDash, plural, tally, yesNo } from '../words.ts';
import { localSlopes, NOISES } from './slopes.ts';

/** A rate with one standard error: `+1.20 +/- 0.03 ppm`. */
const rateText = ({ rateRatio, rateStandardError }: DriftPair): string =>
  orDash(rateRatio, (rate) => plusMinus(rate, rateStandardError, ratio));

/** Every event once, though events of the whole host are listed in every pair; with the clock's name where it matters. */
function eventsOf(pairs: readonly DriftPair[]): DriftEvent[] {
  const all = pairs.flatMap(({ clock, events }) =>
    events.map(({ at, kind, detail }): [string, DriftEvent] => {
      const own = kind === 'step' || kind === 'frequency-step';
      const named = own ? `${clock} ${detail}` : detail;
      return [`${at} ${kind} ${named}`, { at, kind, detail: named }];
    }),
  );
  return [...new Map(all).values()];
}

/** Events that concern the measurement and not the clocks. */
const HARMLESS: readonly EventKind[] = ['cpu-migration', 'steal'];

function verdict({ pairs, reference, durationNs }: DriftResult): Verdict {
  const named = 'Drift';
  const fastest = greatest(pairs, ({ rateRatio }) => Math.abs(rateRatio ?? Number.NaN));
  if (fastest === undefined) return { level: 'unknown', about: named, text: 'Too few samples for a rate.' };
  const rate = `Over ${about(durationNs)}, ${fastest.clock} drifted the most from ${reference}: ${rateText(fastest)}`;
  const kinds = eventsOf(pairs).map(({ kind }) => kind);
  const happened = kinds.length === 0 ? 'no event' : `events: ${tally(kinds)}`;
  const quiet = kinds.every((kind) => HARMLESS.includes(kind));
  const same = pairs.every((pair) => pair.independent === false)
    ? ' All of them are made from one counter, so their agreement says nothing about its crystal.'
    : '';
  return { level: quiet ? 'good' : 'note', about: named, text: `${rate}; ${happened}.${same}` };
}

/** The events by kind, and a line for each pair. */
function brief({ pairs, durationNs, intervalNs, windowNs }: DriftResult): string[] {
  const same = pairs.length > 0 && pairs.every(({ independent }) => independent === false);
  const events = tally(eventsOf(pairs).map(({ kind }) => kind)) || 'none';
  return [
    `over ${about(durationNs)}, a sample every ${exact(intervalNs)}; events: ${events}${same ? '; one counter behind all clocks' : ''}`,
    ...pairs.map((pair) => {
      const end = pair.atEndNs === null ? '' : `, ${within(pair.atEndNs, windowNs, offset)} at the end`;
      return `${pair.clock} - ${pair.reference}: ${rateText(pair)} (1 s.e.)${end}, n = ${count(pair.samples)}`;
    }),
  ];
}

function timeErrorFigure({ pairs, reference, intervalNs, durationNs, windowNs }: DriftResult): Block {
  const largest = Math.max(0, ...pairs.flatMap((pair) => pair.timeError.map(([, ns]) => Math.abs(ns))));
  const unit = timeUnit(largest);
  const followed = pairs.flatMap(({ clock, atEndNs }) => (atEndNs === null ? [] : [{ clock, atEndNs }]));
  const stays = ({ atEndNs }: { readonly atEndNs: number }) => Math.abs(atEndNs) <= (windowNs ?? 0);
  const still = followed.filter(stays).map(({ clock }) => clock);
  const moved = [
    ...followed
      .filter((one) => !stays(one))
      .map(
        ({ clock, atEndNs }) =>
          `${clock} ${atEndNs > 0 ? 'gains' : 'loses'} ${within(Math.abs(atEndNs), windowNs)}`,
      ),
    ...(still.length === 0 ? [] : [`${listed(still)} ${still.length === 1 ? 'stays' : 'stay'} with it`]),
  ];
  return linesFigure({
    id: 'time-error',
    title: `Against ${reference} in ${about(durationNs)}: ${moved.join(', ') || 'no clock was followed'}`,
    x: { label: 'time (s)', scale: 'linear' },
    y: { label: `time error against ${reference} (${unit.unit})`, scale: 'linear', include: [0] },
    series: pairs.map((pair) => ({
      label: pair.clock,
      points: pair.timeError.map(([atNs, ns]) => [atNs / 1e9, ns / unit.ns] as const),
      describe: (s, value) => `${pair.clock}, ${about(s * 1e9)}: ${about(value * unit.ns, offset)}`,
    })),
    caption: [
      `What each clock has gained on the reference since the start: a sample every ${exact(intervalNs)} for ${about(durationNs)}, the narrowest of a burst of brackets (TSC, clock, TSC) each time.`,
    ],
  });
}

/** How often each kind happened, and every single one. */
function eventTables(events: readonly DriftEvent[]): Block[] {
  if (events.length === 0) return [{ text: 'Events: none.' }];
  const kinds = [...group(events, ({ kind }) => kind)].map(([kind, own]) => [
    kind,
    count(own.length),
    own[0]?.at ?? '',
    own.at(-1)?.at ?? '',
  ]);
  return [
    { title: 'Events', head: ['event', '#times', 'first at', 'last at'], rows: kinds },
    {
      head: ['at', 'event', 'detail'],
      rows: events.map(({ at, kind, detail }) => [at, kind, detail]),
      fold: plural(events.length, 'event'),
    },
  ];
}

const pairTable = ({ pairs, reference, windowNs }: DriftResult): Table => ({
  ...columns(pairs, [
    [`against ${reference}`, ({ clock }) => clock],
    ['#rate (1 s.e.)', rateText],
    ['#at the end', ({ atEndNs }) => orDash(atEndNs, (ns) => within(ns, windowNs, offset))],
    ['#largest error', (pair) => orDash(pair.maxTimeIntervalErrorNs, (ns) => within(ns, windowNs))],
    ['#samples', ({ samples }) => count(samples)],
    ['#events', ({ events }) => count(events.length)],
    ['independent', ({ independent }) => yesNo(independent)],
  ]),
  note: 'The end and the largest error are single readings, known to the window of their brackets.',
});

/** Why each pair is independent or not; what holds for all of them is said once. */
const independence = (pairs: readonly DriftPair[]): string =>
  [...group(pairs, ({ independentReason }) => independentReason)]
    .map(([reason, alike]) => `${alike.map(({ clock }) => clock).join(', ')}: ${reason}.`)
    .join(' ');

/** A deviation: two digits and an exponent. */
const deviation = (value: number): string => value.toExponential(1);

function stabilityTitle(pairs: readonly DriftPair[]): string {
  const said = pairs.flatMap(({ clock, stability }) => {
    const last = stability.findLast(({ oadev }) => oadev !== null);
    if (last?.oadev == null) return [];
    return [`${clock} by ${about(last.oadev, size)} over ${durationText(last.tauNs)}`];
  });
  return said.length === 0 ? 'Too short for a deviation' : `The rate still varies: ${said.join(', ')}`;
}

/** A clock, and its slope where one prevails. */
function nameOf({ clock, stability }: DriftPair): string {
  const [range, ...others] = localSlopes(stability);
  return range === undefined || others.length > 0 ? clock : `${clock}, slope ${range.slope.toFixed(2)}`;
}

const stabilityFigure = ({ pairs, reference }: DriftResult): Block =>
  linesFigure({
    id: 'allan-deviation',
    title: stabilityTitle(pairs),
    x: { label: 'averaging time', scale: 'log', ticks: { format: durationText } },
    y: { label: 'overlapping Allan deviation (ppb, ppm)', scale: 'log', ticks: { format: ratioText } },
    series: pairs.map((pair) => ({
      label: nameOf(pair),
      points: pair.stability.flatMap(({ tauNs, oadev }) => (oadev === null ? [] : [[tauNs, oadev] as const])),
      describe: (tau, oadev) => `${pair.clock}, ${durationText(tau)}: ${about(oadev, size)}`,
    })),
    caption: [
      `Each clock against ${reference}. Slopes: ${NOISES.map(({ slope, name }) => `${name} ${slope}`).join(', ')}.`,
      'Clocks made from one counter fall with slope -1 and have no floor: another sign that they are one.',
    ],
  });

function slopesTable({ pairs, reference }: DriftResult): Table {
  const rows = pairs.flatMap((pair) =>
    localSlopes(pair.stability).map(({ fromNs, toNs, slope, noise }) => [
      pair.clock,
      `${durationText(fromNs)} to ${durationText(toNs)}`,
      slope.toFixed(2),
      noise,
    ]),
  );
  return {
    head: [`against ${reference}`, 'averaging times', '#slope', 'noise'],
    rows,
    note: rows.length === 0 ? '' : 'A slope has no interval: neighbouring deviations share their samples.',
  };
}

const deviationsTable = (pair: DriftPair): Table => {
  const title = `${pair.clock} - ${pair.reference}: deviations`;
  return {
    title,
    fold: title,
    ...columns(pair.stability, [
      ['tau', ({ tauNs }) => durationText(tauNs)],
      ['#adev', ({ adev }) => orDash(adev, deviation)],
      ['#oadev', ({ oadev }) => orDash(oadev, deviation)],
      [
        '#(95 % interval)',
        ({ oadevLow: low, oadevHigh: high }) =>
          low == null || high == null ? '-' : `${deviation(low)} to ${deviation(high)}`,
      ],
      ['#mdev', ({ mdev }) => orDash(mdev, deviation)],
      ['#tdev', ({ tdevNs }) => orDash(tdevNs, about)],
      ['#hdev', ({ hdev }) => orDash(hdev, deviation)],
      ['#n', ({ n }) => count(n)],
    ]),
    note: `The others come from the same samples and are about as well known; \`tscope stability\` gives each its interval.${
      pair.stability.some(({ oadev, oadevLow }) => oadev !== null && oadevLow === null)
        ? ' No interval: it takes 30 samples that vary to tell the noise.'
        : ''
    }`,
  };
};

/** How the clocks ran against one another, and how steady they are over each averaging time. */
function sections(result: DriftResult): Section[] {
  const { pairs, nominalTscHz, nominalTscSource, durationNs, intervalNs, windowNs } = result;
  const drift: Block[] = [
    {
      text: `Over ${about(durationNs)}, a sample every ${exact(intervalNs)}, bracket window ${orDash(windowNs, about)}.`,
      tone: 'lead',
    },
    timeErrorFigure(result),
    pairTable(result),
    {
      text: `${independence(pairs)} One tick of the TSC counts as 1/${count(nominalTscHz)} s: ${nominalTscSource}.`,
      tone: 'faint',
    },
    ...eventTables(eventsOf(pairs)),
  ];
  const stability: Block[] = [
    {
      text: 'How much the rate still varies when it is averaged over a time. The slope names the noise: what falls gets better with averaging, what rises does not.',
      tone: 'lead',
    },
    stabilityFigure(result),
    slopesTable(result),
    ...pairs.filter((pair) => pair.stability.length > 0).map(deviationsTable),
  ];
  return [
    { id: 'drift', title: 'Drift', blocks: drift },
    { id: 'stability', title: 'Stability', blocks: stability },
  ];
}

export const drift: Kind<DriftResult> = {
  method: [
    'Drift and stability',
    'tscope drift',
    'On a regular grid every clock is read in a burst of brackets, of which the narrowest counts. The rate is fitted; the overlapping Allan deviation is that of the residual time error, steps and sleep taken out and listed as events.',
  ],
  verdict,
  brief,
  sections,
};
