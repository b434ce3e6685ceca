import { count, scientific } from '../../digits.ts';
import type { StabilityResult } from '../../schema/stability.ts';
import { quantile, sorted } from '../../statistics.ts';
import { formatRatio } from '../../units.ts';
import { columns } from '../columns.ts';
import type { Block, Table } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import { durationText, timeUnit } from '../plot/tick-text.ts';
import { listed, orDash } from '../words.ts';

/** What a page shows of a record beside its stability: the record itself, its spectrum, its windows, its hat. */

type HatPoint = NonNullable<StabilityResult['hat']>['points'][number];
type HatClock = HatPoint['clocks'][number];

/** A figure of one clock, to two digits of its interval, which is of the variance. */
function hatCell(
  clock: HatClock | undefined,
  field: 'deviation' | 'variance' | 'covariance' | 'low' | 'high',
): string {
  const { low = null, high = null } = clock ?? {};
  const width = low === null || high === null ? null : high - low;
  return orDash(clock?.[field] ?? null, (value) =>
    scientific(value, width !== null && field === 'deviation' ? width / (2 * value) : width),
  );
}
type Outline = ReadonlyArray<readonly [seconds: number, value: number | null]>;

export const sixDigits = (value: number): string => String(Number(value.toPrecision(6)));
export const seconds = (s: number): string => durationText(s * 1e9);

const largestOf = (points: Outline): number =>
  points.reduce((most, [, value]) => Math.max(most, Math.abs(value ?? 0)), 0);

/** The power of ten by which values are shown, and its name. */
function powerOf(largest: number): { scale: number; name: string } {
  const power = largest > 0 ? Math.floor(Math.log10(largest)) : 0;
  return { scale: 10 ** -power, name: `1e${power}` };
}

/** The tick and the unit of a record's time axis. */
function clockOf(lastS: number): { unit: number; label: string } {
  if (lastS >= 5 * 86_400) return { unit: 86_400, label: 'time (d)' };
  if (lastS >= 5 * 3600) return { unit: 3600, label: 'time (h)' };
  return { unit: 1, label: 'time (s)' };
}

/** Phase, frequency, histogram and spectrum; nothing where the document holds no pictures. */
export function recordBlocks({ pictures, tau0 }: StabilityResult): Block[] {
  if (pictures === undefined) return [];
  const { phase, frequency, histogram, spectrum, offsetRatio, nominalHz: nominal } = pictures;
  const clock = clockOf(phase.at(-1)?.[0] ?? 0);
  const largest = largestOf(phase) * 1e9;
  const unit = largest >= 1 ? timeUnit(largest) : { ns: 1e-3, unit: 'ps' };
  const ratio = powerOf(largestOf(frequency));
  const span = (value: number) => value * ratio.scale;
  const level = (density: number) =>
    nominal === null ? density : 10 * Math.log10(0.5 * (2 * Math.PI * nominal) ** 2 * density);
  return [
    linesFigure({
      id: 'phase',
      title: `Phase, less a constant frequency of ${formatRatio(offsetRatio)}`,
      x: { label: clock.label, scale: 'linear' },
      y: { label: `phase (${unit.unit})`, scale: 'linear' },
      series: [
        {
          label: 'phase',
          points: phase.map(([s, x]) => [s / clock.unit, x === null ? Number.NaN : (x * 1e9) / unit.ns]),
          describe: (at, x) => `${seconds(at * clock.unit)}: ${x.toPrecision(4)} ${unit.unit}`,
        },
      ],
      caption: [
        'Of each stretch of a long record the smallest and the largest value are drawn. Gaps are left open.',
      ],
    }),
    linesFigure({
      id: 'frequency',
      title: 'Fractional frequency',
      x: { label: clock.label, scale: 'linear' },
      y: { label: `fractional frequency (${ratio.name})`, scale: 'linear' },
      series: [
        {
          label: 'frequency',
          points: frequency.map(([s, y]) => [s / clock.unit, y === null ? Number.NaN : span(y)]),
          describe: (at, y) => `${seconds(at * clock.unit)}: ${(y / ratio.scale).toExponential(3)}`,
        },
      ],
      caption: [`Averages over ${seconds(tau0)} each.`],
    }),
    linesFigure({
      id: 'histogram',
      title: 'How the frequencies are spread',
      x: { label: `fractional frequency (${ratio.name})`, scale: 'linear' },
      y: { label: 'values in a bin (count)', scale: 'linear', include: [0] },
      series: [
        {
          label: 'values',
          as: 'area',
          points: histogram.bins.flatMap(([from, values]) => [
            [span(from), values] as const,
            [span(from + histogram.width), values] as const,
          ]),
          describe: (y, values) => `${(y / ratio.scale).toExponential(3)}: ${count(values)}`,
        },
      ],
    }),
    ...(spectrum.length === 0
      ? [{ text: 'No spectrum: the record is too short, or has too many gaps.' }]
      : [
          linesFigure({
            id: 'spectrum',
            title: nominal === null ? 'Spectrum of the phase' : `Phase noise at ${count(nominal)} Hz`,
            x: { label: 'frequency (Hz)', scale: 'log' },
            y:
              nominal === null
                ? { label: 'power density of the phase (s^2/Hz)', scale: 'log' }
                : { label: 'L(f) (dBc/Hz)', scale: 'linear' },
            series: [
              {
                label: 'phase',
                points: spectrum.map(({ hz, phase }) => [hz, level(phase)]),
                describe: (hz, density) =>
                  `${hz.toPrecision(3)} Hz: ${nominal === null ? `${density.toExponential(2)} s^2/Hz` : `${density.toFixed(1)} dBc/Hz`}`,
              },
            ],
            slopes: nominal === null ? { '-1': -1, '-2': -2, '-4': -4 } : {},
            caption: [
              "Welch's method: Hann windows that overlap by half, those with a gap left out; neighbouring frequencies are averaged.",
              nominal === null
                ? 'Dotted: slopes of -1 (flicker PM), -2 (white FM) and -4 (random walk FM); white PM is level. With --nominal HZ it is drawn as L(f).'
                : '',
            ],
          }),
        ]),
  ];
}

const MOST_TIMES = 6;

/** The deviation over time, a line for each averaging time. */
export function dynamicBlocks({ dynamic, tau0, confidence }: StabilityResult): Block[] {
  if (dynamic === undefined) return [];
  const { windows, windowPoints } = dynamic;
  const clock = clockOf(windows.at(-1)?.at ?? 0);
  const factors = [...new Set(windows.flatMap(({ points }) => points.map(({ m }) => m)))].sort(
    (a, b) => a - b,
  );
  const every = Math.ceil(factors.length / MOST_TIMES);
  const chosen = factors.filter((_, i) => i % every === 0);
  const at = (m: number) =>
    windows.map(
      ({ at, points }) => [at / clock.unit, points.find((one) => one.m === m)?.oadev ?? Number.NaN] as const,
    );
  const values = (m: number) => sorted(at(m).flatMap(([, value]) => (Number.isNaN(value) ? [] : [value])));
  const spread: Table = {
    title: `Dynamic Allan deviation: ${count(windows.length)} windows of ${count(windowPoints)} readings`,
    head: ['#tau (s)', '#lowest', '#median', '#highest'],
    rows: factors.map((m) => {
      const all = values(m);
      return [
        sixDigits(m * tau0),
        ...[0, 0.5, 1].map((share) => (all.length === 0 ? '-' : scientific(quantile(all, share)))),
      ];
    }),
  };
  const table: Table = {
    head: ['#at (s)', ...chosen.map((m) => `#${sixDigits(m * tau0)} s`)],
    rows: windows.map((window) => [
      sixDigits(window.at),
      ...chosen.map((m) =>
        orDash(window.points.find((one) => one.m === m)?.oadev ?? null, (value) => scientific(value)),
      ),
    ]),
    fold: 'every window',
  };
  return [
    linesFigure({
      id: 'dynamic-deviation',
      title: `Overlapping Allan deviation in windows of ${seconds(windowPoints * tau0)}`,
      x: { label: clock.label, scale: 'linear' },
      y: { label: 'deviation of fractional frequency (1)', scale: 'log' },
      series: chosen.map((m) => ({
        label: seconds(m * tau0),
        points: at(m),
        describe: (time, value) =>
          `${seconds(m * tau0)} at ${seconds(time * clock.unit)}: ${scientific(value)}`,
      })),
      caption: [
        'A line for each averaging time, a point for each window, in its middle. A change of the noise moves lines; one that stays within its interval is chance.',
        `The document has their ${sixDigits(confidence * 100)} % intervals.`,
      ],
    }),
    spread,
    { ...table, on: 'page' },
  ];
}

/** The stability of each clock by itself. */
export function hatBlocks({ hat, confidence, tau0 }: StabilityResult): Block[] {
  if (hat === undefined) return [];
  const names = hat.points[0]?.clocks.map(({ name }) => name) ?? [];
  const products = hat.kind === 'pairs';
  const negative = hat.points.some(({ clocks }) =>
    clocks.some(({ deviation, variance }) => deviation === null && variance !== null),
  );
  return [
    {
      text: `Hat of ${listed(names)}: ${
        products ? 'three differences' : 'clocks against one that they share'
      }, one reading every ${sixDigits(tau0)} s. It takes the clocks for independent.`,
      tone: 'lead',
    },
    linesFigure({
      id: 'hat',
      title: 'Allan deviation of each clock by itself',
      x: { label: 'averaging time (s)', scale: 'log' },
      y: { label: 'deviation of fractional frequency (1)', scale: 'log' },
      series: names.map((name, i) => ({
        label: name,
        points: hat.points.map(({ tau, clocks }) => [tau, clocks[i]?.deviation ?? Number.NaN] as const),
        intervals: hat.points.map(({ clocks }) => {
          const { low = null, high = null } = clocks[i] ?? {};
          return [
            low !== null && low > 0 ? Math.sqrt(low) : Number.NaN,
            high !== null && high > 0 ? Math.sqrt(high) : Number.NaN,
          ] as const;
        }),
        describe: (tau, value) => `${name}, ${seconds(tau)}: ${scientific(value)}`,
      })),
      caption: [
        `Bars: ${sixDigits(confidence * 100)} % intervals. A variance below 0 has no deviation and is not drawn.`,
      ],
    }),
    ...names.map(
      (name, i): Table => ({
        title: name,
        ...columns(hat.points, [
          ['#tau (s)', ({ tau }) => sixDigits(tau)],
          ['#m', ({ m }) => count(m)],
          ...(['deviation', 'variance', 'covariance', 'low', 'high'] as const)
            .filter((field) => products || field !== 'covariance')
            .map((field) => [`#${field}`, (point: HatPoint) => hatCell(point.clocks[i], field)] as const),
        ]),
      }),
    ),
    {
      text: `low and high: the ${sixDigits(confidence * 100)} % interval of the ${products ? 'covariance' : 'variance'}.${
        negative
          ? ' A variance below 0 has no deviation: the clock is too stable to be resolved beside the others.'
          : ''
      }`,
    },
  ];
}
