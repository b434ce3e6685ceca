import { describe, expect, test } from 'vitest';
import { readSentence } from '../../../src/report/kinds/record-read.ts';
import { stability } from '../../../src/report/kinds/stability.ts';
import { resultText } from '../../../src/report/text.ts';
import type { StabilityPoint, StabilityResult } from '../../../src/schema/stability.ts';
import type { EstimatorName } from '../../../src/stability/estimators.ts';
import { said } from '../said.ts';

// Documents with round numbers; what is said of them stands whole beside this file. Read the difference before an
// update (-u).

/** A point at which each estimator has a value, an interval of 10 % to either side, and 50 terms. */
function point(
  m: number,
  noise: readonly [alpha: number, name: string] | null,
  values: Partial<Record<EstimatorName, number | null>>,
): StabilityPoint {
  const statistics = Object.entries(values).flatMap(([name, value]) => {
    const [low, high] = value === null || noise === null ? [null, null] : [0.9 * value, 1.1 * value];
    const own = name === 'theo1' ? [[`${name}Tau`, 0.75 * m]] : [];
    return [
      [name, value],
      [`${name}N`, 50],
      [`${name}Low`, low],
      [`${name}High`, high],
      [`${name}Edf`, 20],
      ...own,
    ];
  });
  const reasons = Object.entries(values).filter(([, value]) => value === null);
  return {
    m,
    tau: m,
    n: 50,
    alpha: noise?.[0] ?? null,
    noise: noise?.[1] ?? null,
    ...Object.fromEntries(statistics),
    reasons: Object.fromEntries(reasons.map(([name]) => [name, 'too short'])),
  };
}

const WHITE = [0, 'white FM'] as const;
const base: StabilityResult = {
  data: 'frequency',
  tau0: 1,
  values: 1234,
  gaps: 0,
  confidence: 0.95,
  points: [
    point(1, WHITE, { oadev: 8e-12, hdev: 7e-12, tdev: 4e-12 }),
    point(2, WHITE, { oadev: 5e-12, hdev: 6e-12, tdev: 3e-12 }),
    point(4, [-2, 'random walk FM'], { oadev: 6e-12, hdev: 5e-12, tdev: 2e-12 }),
  ],
};
const pictures: StabilityResult['pictures'] = {
  offsetRatio: 1.5e-6,
  nominalHz: null,
  phase: [
    [0, 0],
    [1, 2e-9],
    [2, null],
    [3, -4e-9],
  ],
  frequency: [
    [0, 2e-9],
    [1, null],
    [2, -3e-9],
  ],
  histogram: {
    width: 1e-9,
    bins: [
      [-3e-9, 1],
      [-2e-9, 0],
      [2e-9, 1200],
    ],
  },
  spectrum: [
    { hz: 0.01, phase: 1e-18 },
    { hz: 0.1, phase: 1e-20 },
  ],
};
const whole = (result: StabilityResult) =>
  `${resultText(stability, result)}\n\n=== on a page ===\n\n${said(stability.sections(result))}\n\n=== summary ===\n\n${stability.verdict(result).text}\n${stability.brief(result).join('\n')}\n`;

test('some estimators', async () => {
  await expect(whole(base)).toMatchFileSnapshot('stability.txt');
});

test('all of them, some without a value, an interval or a noise; eight lines are drawn', async () => {
  const many = [
    'adev',
    'hdev',
    'ohdev',
    'mdev',
    'totdev',
    'mtotdev',
    'htotdev',
    'theo1',
    'tdev',
    'mtie',
  ] as const;
  const values = (scale: number) =>
    Object.fromEntries(many.map((name, i) => [name, scale * (i + 1) * 1e-12]));
  const result: StabilityResult = {
    ...base,
    data: 'phase',
    gaps: 12,
    tau0: 0.5,
    confidence: 0.6827,
    points: [point(10, WHITE, values(2)), point(20, null, { ...values(1), mdev: null, theo1: null })],
  };
  await expect(whole(result)).toMatchFileSnapshot('stability-many.txt');
});

test('the noise cannot be told: no interval, and why', async () => {
  const result = { ...base, points: [point(1, null, { oadev: null }), point(2, null, { oadev: 2e-12 })] };
  await expect(whole(result)).toMatchFileSnapshot('stability-unknown.txt');
});

test('the record itself, its spectrum and its windows', async () => {
  const windows = [50, 150, 250].map((at, i) => ({
    at,
    points: [1, 2, 4, 8, 16, 32, 64].map((m) => ({
      m,
      tau: m,
      n: 10,
      oadev: m === 64 && i > 0 ? null : (10 * i + m) * 1e-12,
      low: null,
      high: null,
    })),
  }));
  await expect(whole({ ...base, pictures, dynamic: { windowPoints: 100, windows } })).toMatchFileSnapshot(
    'stability-record.txt',
  );
});

test('a carrier makes the spectrum L(f); long records have their time in h or d, small phases are in ps', async () => {
  const long = (lastS: number, phase: number): StabilityResult => ({
    ...base,
    pictures: {
      ...pictures,
      nominalHz: 1e7,
      phase: [
        [0, 0],
        [lastS, phase],
      ],
      frequency: [[0, 0]],
    },
  });
  const records = (...of: StabilityResult[]) =>
    of.map((one) => said(stability.sections(one).slice(1))).join('\n\n');
  await expect(
    `${records(long(5 * 3600 - 1, 2e-10), long(5 * 3600, 2e-6), long(5 * 86_400 - 1, 2e-3), long(5 * 86_400, 2))}\n`,
  ).toMatchFileSnapshot('stability-long.txt');
  const none = { ...base, pictures: { ...pictures, spectrum: [] } };
  expect(said(stability.sections(none))).toContain(
    'No spectrum: the record is too short, or has too many gaps.',
  );
});

describe('a hat', () => {
  const read = {} as NonNullable<StabilityResult['read']>;
  const clock = (name: string, variance: number | null) => ({
    name,
    variance,
    covariance: variance === null ? null : variance / 2,
    low: variance === null ? null : variance - 1e-24,
    high: variance === null ? null : variance + 1e-24,
    deviation: variance === null || variance < 0 ? null : Math.sqrt(variance),
    edf: 12,
  });
  const hat = (kind: 'clocks' | 'pairs', third: number | null): StabilityResult => ({
    ...base,
    points: [],
    hat: {
      kind,
      records: ['a', 'b'].map((file) => ({ file, values: 10, gaps: 0, read })),
      points: [
        { m: 1, tau: 1, n: 9, clocks: [clock('A', 4e-24), clock('B', 9e-24), clock('C', third)] },
        { m: 2, tau: 2, n: 7, clocks: [clock('A', 1e-24), clock('B', 0.25e-24), clock('C', 16e-24)] },
      ],
    },
  });

  test('of three differences, with a variance below 0', async () => {
    await expect(whole(hat('pairs', -1e-24))).toMatchFileSnapshot('stability-pairs.txt');
  });

  test('of clocks against one that they share', async () => {
    await expect(whole(hat('clocks', 1e-24))).toMatchFileSnapshot('stability-clocks.txt');
  });
});

test('its method', () => {
  expect(stability.method).toEqual([
    'Frequency stability',
    'tscope stability FILE',
    'Statistics of NIST SP 1065 over the phase, at every averaging time. Terms that a gap touches are left out. The power-law noises of the whole record are fitted to its Hadamard variances at all averaging times together; intervals are chi-squared, with the degrees of freedom that the terms have in these noises.',
  ]);
  expect(stability.verdict(base)).toMatchObject({ level: 'note', about: 'Stability' });
});

describe('what was understood of a file', () => {
  const read: NonNullable<StabilityResult['read']> = {
    format: 'plain numbers',
    columns: 1,
    column: 1,
    timeColumn: null,
    unit: 's',
    nominalHz: null,
    spacing: { tau0: 1, source: 'given', times: null },
    lines: 10,
    readings: 1000,
    gaps: { marked: 0, zeros: 0, absent: 0 },
    wraps: null,
    skipped: [],
  };

  test('one column, as given', () => {
    expect(readSentence('a.txt', { read, data: 'phase', gaps: 0 })).toBe(
      'a.txt: plain numbers; 1,000 readings of phase in s; one each 1 s, as given; no gaps.',
    );
    expect(readSentence('a.txt', { read: undefined, data: 'phase', gaps: 0 })).toBe('a.txt');
  });

  test('columns, a carrier, times, lines left out, and what was done before', () => {
    const much = {
      ...read,
      columns: 3,
      column: 2,
      timeColumn: 1,
      nominalHz: 1e7,
      readings: 1,
      spacing: { tau0: 0.5, source: 'times', times: 'MJD' } as const,
      skipped: [
        { what: 'a heading', lines: 2 },
        { what: 'comments', lines: 3 },
      ],
    };
    const steps = [
      { step: 'drift', driftPerSecond: 1e-15 },
      { step: 'outliers', sigmas: 5, removed: 1, limitRatio: 1 },
    ] as const;
    expect(readSentence('b.csv', { read: much, data: 'frequency', gaps: 2, steps })).toBe(
      'b.csv: plain numbers; 1 reading of frequency in s around 10000000 Hz from column 2 of 3; one each 0.5 s, from the times in column 1 (MJD); 2 gaps; left out: a heading (2), comments (3); a drift of +0.0864 ppb a day taken out; 1 frequency outlier beyond 5 sigma made gaps.',
    );
    const untimed = { ...much, timeColumn: null, column: null };
    expect(readSentence('b.csv', { read: untimed, data: 'frequency', gaps: 1 })).toBe(
      'b.csv: plain numbers; 1 reading of frequency in s around 10000000 Hz; one each 0.5 s, from the times (MJD); 1 gap; left out: a heading (2), comments (3).',
    );
  });
});
