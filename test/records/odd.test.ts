import { expect, test } from 'vitest';
import { read } from './read.ts';

// What people's files look like that are neither plain nor a log that is known.

const ramp = Array.from({ length: 40 }, (_, i) => String(((i * 7) % 11) - 5 + i));
const codes = ({ doubts }: ReturnType<typeof read>) => doubts.map(({ code }) => code);

test('a value far from all others that comes again is said, with the flag that makes it a gap', () => {
  const marked = ramp.map((text, i) => (i % 9 === 4 ? '-99999' : text));
  const record = read(marked, { tau0: 1e4 });
  expect(record.doubts).toEqual([
    {
      code: 'gap-value',
      message: '4 readings are exactly -99999 and no other is near it.',
      hint: 'Give `gap` -99999 where it marks a missing reading.',
    },
  ]);
  const gapped = read(marked, { tau0: 1e4, gap: -99_999 });
  expect([gapped.read.gaps.marked, codes(gapped)]).toEqual([4, []]);
});

test("SCPI's not-a-number and infinity are gaps", () => {
  const { values } = read(['1', '9.91E+37', '9.9E37', '-9.9e37', '2'], { tau0: 1e4 });
  expect([...values]).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 2]);
});

test('a hole whose times were cut away is a jump that is said; with its times it is a gap', () => {
  const walk = Array.from({ length: 200 }, (_, i) => (i < 100 ? i : i + 60) + ((i * 7) % 5) / 10);
  const lines = walk.map((x, i) => `${i < 100 ? i : i + 60} ${x}`);
  const cut = read(
    lines.map((line) => line.split(' ')[1] as string),
    { tau0: 1e4 },
  );
  expect(cut.doubts[0]).toMatchObject({
    code: 'phase-jump',
    message: expect.stringMatching(/^The phase jumps by \S+ s at reading 101, \d+ times the usual step/),
    hint: expect.stringContaining('`timeColumn`'),
  });
  const timed = read(lines, { timeColumn: 1, column: 2, unit: 's' });
  expect([timed.read.gaps.absent, codes(timed)]).toEqual([60, []]);
});

test('words in columns that do not count are no matter', () => {
  const lines = ramp.map((text, i) => `2026-01-01 00:00:${String(i).padStart(2, '0')},ntp,${text}`);
  expect(read(lines, { timeColumn: 1, column: 3, unit: 'ns' }).values).toHaveLength(40);
});

test('dates whose day and month could be either are refused; those with the year first are not', () => {
  const dated = (date: string) =>
    ramp.map((text, i) => `${date} 00:00:${String(i).padStart(2, '0')},${text}`);
  const options = { timeColumn: 1, column: 2, unit: 'ns' } as const;
  expect(() => read(['when,ns', ...dated('01/31/2026')], options)).toThrow(
    "file: line 2: '01/31/2026 00:00:00' in column 1 is not a time.",
  );
  for (const date of ['2026-01-31', '2026/01/31', '2026.01.31', '31.01.2026'])
    expect(read(['when,ns', ...dated(date)], options).read.spacing).toEqual({
      tau0: 1,
      source: 'times',
      times: 'dates',
    });
});

test('a heading stands above a reading that is missing', () => {
  expect(read(['offset (ns)', 'nan', '1', '-', '2'], { tau0: 1 })).toMatchObject({
    read: { unit: 'ns', readings: 4, gaps: { marked: 2 } },
  });
});

test('a counter that wraps around 0 has its turns added up', () => {
  const wrapped = Array.from({ length: 60 }, (_, i) => ((i * 0.07 + 0.5) % 1) - 0.5);
  const { values, read: found } = read(wrapped.map(String), { tau0: 1e4 });
  expect(found.wraps).toBe(1);
  expect(values.at(-1)).toBeCloseTo(59 * 0.07, 9);
});

test('Stable32: every 0 is a gap but the first of a phase; TimeLab: lines of words anywhere', () => {
  const zeros = ['0', '1', '0', '2'];
  const phase = read(zeros, { tau0: 1e4, format: 'stable32' });
  expect([...phase.values]).toEqual([0, 1, Number.NaN, 2]);
  const frequency = read(zeros, { tau0: 1e4, format: 'stable32', data: 'frequency', unit: 'ppb' });
  expect([...frequency.values]).toEqual([Number.NaN, 1e-9, Number.NaN, 2e-9]);
  const timelab = read(['TIM', 'RATE 1', '1', '2', 'END of data', '3'], { tau0: 1e4, format: 'timelab' });
  expect([...timelab.values]).toEqual([1, 2, 3]);
  expect(timelab.read.skipped).toEqual([
    { what: 'headings', lines: 2 },
    { what: 'lines of words', lines: 1 },
  ]);
});

test('a minus sign, spaces that do not break, an end of text and stars before words are what they look like', () => {
  expect([
    ...read(['* a head', '\u22121.5', '2\u22122', '3', '\x1a'].toSpliced(2, 1, '2'), { tau0: 1e4 }).values,
  ]).toEqual([-1.5, 2, 3]);
  expect(
    read(
      ramp.map((text, i) => `${i}\u00a0${text}`),
      { unit: 'ns' },
    ).read.columns,
  ).toBe(2);
});

test('an uneven spacing is said from one reading in twenty on', () => {
  const times = (off: number) =>
    Array.from({ length: 100 }, (_, i) => `${i + (i > 0 && i <= off ? 0.3 : 0)} ${i % 7}`);
  expect(codes(read(times(5), { timeColumn: 1, column: 2, unit: 'ns' }))).toEqual([]);
  expect(codes(read(times(6), { timeColumn: 1, column: 2, unit: 'ns' }))).toEqual(['uneven-spacing']);
});

test('a cell that is empty is a gap wherever it stands: pandas and spreadsheets write a missing value so', () => {
  const readings = [1.5, null, 2.5, 3.5, null, 4.5];
  const gapped = readings.map((value) => value ?? Number.NaN);
  for (const separator of [',', ';', '\t', ', ']) {
    const last = readings.map((value, i) => `${i}${separator}${value ?? ''}`);
    const first = readings.map((value, i) => `${value ?? ''}${separator}${i}`);
    expect([...read(last, { column: 2, tau0: 1e4 }).values]).toEqual(gapped);
    expect([...read([`t${separator}x`, ...last], { timeColumn: 1, column: 2 }).values]).toEqual(gapped);
    // A `;` at the start of a line is a comment's.
    if (separator === ';') continue;
    expect([...read(first, { column: 1, tau0: 1e4 }).values]).toEqual(gapped);
    expect([...read(first, { column: 1, timeColumn: 2 }).values]).toEqual(gapped);
  }
  expect([
    ...read(
      readings.map((value, i) => `"${i}","${value ?? ''}"`),
      { column: 2, tau0: 1e4 },
    ).values,
  ]).toEqual(gapped);
});

test('a separator at the end of every line makes no column, a tab before every line neither', () => {
  const ended = [1, 2, 3].map((value, i) => `${i},${value},`);
  expect(read(ended, { column: 2, tau0: 1e4 }).read.columns).toBe(2);
  expect(() => read([...ended, '3'], { column: 2, tau0: 1e4 })).toThrow("file: line 4 has no column 2: '3'.");
  const indented = read(
    [1, 2, 3].map((value, i) => `\t${i}\t${value}`),
    { column: 2, tau0: 1e4 },
  );
  expect([...indented.values]).toEqual([1, 2, 3]);
});

test('what C prints for what is not a number is a gap, and for what is infinite is refused', () => {
  const written = ['nan(ind)', '-nan(ind)', 'nan(0x8000)', '-1.#IND', '1.#QNAN', '-1.#IND00', '1.#SNAN'];
  for (const none of written)
    expect([...read(['1 5', `2 ${none}`, '3 7'], { column: 2, tau0: 1e4 }).values]).toEqual([
      5,
      Number.NaN,
      7,
    ]);
  expect(() => read(['1 5', '2 1.#INF', '3 7'], { column: 2, tau0: 1e4 })).toThrow(
    "line 2 is not a number: 'INF'.",
  );
});
