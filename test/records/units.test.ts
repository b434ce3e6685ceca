import { describe, expect, test } from 'vitest';
import type { RecordOptions } from '../../src/records/record.ts';
import { read as readLines } from './read.ts';

/** What a reading is in: a wrong factor of a thousand looks like a result. */
const read = (lines: readonly string[], options: RecordOptions = { tau0: 1e4 }) => readLines(lines, options);
/** More lines than are looked at before the layout is decided. */
const MANY = 300;
const values = Array.from({ length: MANY }, (_, i) => (5 * Math.cos(1.7 * (i - 1))).toFixed(1));
const each = (write: (value: string, i: number) => string) => values.map(write);
const seconds = (record: ReturnType<typeof read>) => record.values[1];
const codes = ({ doubts }: ReturnType<typeof read>) => doubts.map(({ code }) => code);

describe('behind each reading', () => {
  const ns = each((value) => `${value} ns`);

  test.each(['ns', 'NS', 'nsec', 'nanoseconds'])('%s', (unit) => {
    expect(seconds(read(each((value) => `${value} ${unit}`)))).toBe(5e-9);
  });

  test.each([
    ['1000 us', "file: line 301 is not a number: '1000 us'."],
    ['5', "file: line 301 is not in ns, as those before it are: '5'."],
    ['5 furlongs', "file: line 301 is not a number: '5 furlongs'."],
  ])('another far below is refused: %s', (last, message) => {
    expect(() => read([...ns, last])).toThrow(message);
    expect(() => read([...ns.slice(0, 3), last])).toThrow(/line \d/);
    expect(() => read([...ns.slice(0, 3), ...values])).toThrow("line 1 is not a number: '-0.6 ns'");
  });

  test('a reading that is missing needs none', () => {
    expect(read([...ns, 'nan', '-']).read.gaps.marked).toBe(2);
  });

  test.each(['MHz', 'kHz', 'furlongs', '%'])('%s is refused, and not left out', (unit) => {
    expect(() => read(each((value) => `${value} ${unit}`))).toThrow(
      `file: line 1 holds more than a number: '-0.6 ${unit}'.`,
    );
  });

  test('of the last column: not of another that is chosen', () => {
    const lines = each((value, i) => `${i},${value},${i % 7} ms`);
    const record = read(lines, { timeColumn: 1, column: 2 });
    expect([record.read.unit, seconds(record)]).toEqual(['s', 5]);
    expect(read(lines, { timeColumn: 1, column: 3 })).toMatchObject({ read: { unit: 'ms' } });
    expect(read([...lines, '300,5,1 us'], { timeColumn: 1, column: 2 }).values.at(-1)).toBe(5);
  });

  test('what marks a gap is given in the unit of the file', () => {
    const marked = each((value, i) => (i % 50 === 3 ? '-99999 ns' : `${value} ns`));
    expect(read(marked).doubts).toEqual([
      {
        code: 'gap-value',
        message: '6 readings are exactly -99999 and no other is near it.',
        hint: 'Give `gap` -99999 where it marks a missing reading.',
      },
    ]);
    expect(read(marked, { tau0: 1e4, gap: -99_999 }).read.gaps.marked).toBe(6);
  });
});

describe('in a column beside it', () => {
  const beside = each((value, i) => `${i},${value},ns`);
  const options = { timeColumn: 1, column: 2 };

  test('is taken', () => expect(seconds(read(beside, options))).toBe(5e-9));

  test('another in a later line is refused', () => {
    expect(() => read([...beside, '300,1,us'], options)).toThrow(
      "file: line 301 is not in ns, as those before it are: '300,1,us'.",
    );
    expect(() => read([...beside, '300,1,'], options)).toThrow('line 301 is not in ns');
  });

  test('is refused where it is none that can be read', () => {
    const lines = beside.map((line) => line.replace('ns', 'MHz'));
    expect(() => read(lines, options)).toThrow(
      'file: its readings are in MHz, which is not a unit that can be read.',
    );
    expect(seconds(read(lines, { ...options, unit: 'us' }))).toBe(5e-6);
  });
});

describe('in a heading', () => {
  test.each([
    ['offset (ns)', 'ns'],
    ['offset [µs]', 'us'],
    ['offset nsec', 'ns'],
    ['offset (nanoseconds)', 'ns'],
    ['x_us', 'us'],
  ])('%s', (heading, unit) => expect(read([heading, ...values]).read.unit).toBe(unit));

  test('in brackets it belongs to the word before it', () => {
    const record = read(['t offset (ns)', ...each((value, i) => `${i} ${value}`)], {});
    expect([record.read.unit, seconds(record)]).toEqual(['ns', 5e-9]);
  });

  test.each(['frequency (MHz)', 'frequency (kHz)', 'y (%)'])('%s is refused', (heading) => {
    expect(() => read([heading, ...values])).toThrow(/its readings are in (MHz|kHz|%), which is not/);
  });

  test('the times have theirs', () => {
    const lines = each((value, i) => `${i * 100},${value}`);
    const tau0 = (heading: string) => read([heading, ...lines], {}).tau0;
    expect(['t (s),x (ns)', 't (ms),x (ns)', 't (us),x (ns)', 't,x (ns)'].map(tau0)).toEqual([
      100, 0.1, 1e-4, 100,
    ]);
    const behind = each((value, i) => `${value},${i * 100} ms`);
    expect(read(behind, { column: 1, timeColumn: 2, unit: 'ns' }).tau0).toBe(0.1);
  });
});

describe('against what was asked', () => {
  test.each([
    [each((value) => `${value} ns`), { unit: 'us' }, 'us', 'ns'],
    [each((value) => `${value} ns`), { data: 'frequency' }, 'parts of the whole', 'ns'],
    [['x (us)', ...values], { unit: 's' }, 's', 'us'],
    [['y (ppm)', ...values], { data: 'phase' }, 's', 'ppm'],
  ] as const)('what was asked holds, and is said: %#', (lines, options, taken, named) => {
    expect(read(lines, { tau0: 1e6, ...options }).doubts[0]).toEqual({
      code: 'unit-differs',
      message: `The file says that its readings are in ${named}; they were taken in ${taken}, as was asked.`,
      hint: 'Leave `unit` and `data` out where the file is right.',
    });
  });

  test('the same unit is no doubt', () =>
    expect(
      codes(
        read(
          each((value) => `${value} ns`),
          { tau0: 1e4, unit: 'ns' },
        ),
      ),
    ).toEqual([]));

  test('a log is in the units that it is written in', () => {
    const log = values.map(
      (value, i) =>
        `ptp4l[${1000 + i}.100]: master offset ${value[0] === '-' ? -1 : 2} s2 freq +100 path delay 500`,
    );
    expect([read(log, {}).read.unit, read(log, { unit: 'ns' }).read.unit]).toEqual(['ns', 'ns']);
    expect(() => read(log, { unit: 'us' })).toThrow(
      'file: the phase of ptp4l (linuxptp) is in ns, not in us.',
    );
    expect(read(log, { data: 'frequency' }).read.unit).toBe('ppb');
    expect(() => read(log, { data: 'frequency', unit: 'ppm' })).toThrow('is in ppb, not in ppm.');
  });
});

test('a unit that only a comment names is not taken, but said', () => {
  const doubt = (comment: string) => read([comment, ...values]).doubts[0];
  expect(doubt('# offset in ns')).toEqual({
    code: 'unit-in-comment',
    message: 'A comment names ns; comments are not read, and the readings were taken in s.',
    hint: 'Give `unit` ns where they are in it.',
  });
  expect(doubt('# t(s) x(us)')).toMatchObject({ code: 'unit-in-comment' });
  expect(doubt('# one reading each 10 ms, in s')).toBeUndefined();
  expect(codes(read(['# offset in ns', ...values], { tau0: 1e4, unit: 'ns' }))).toEqual([]);
});

test('a comma that may separate thousands is said', () => {
  const lines = values.map((_, i) => `1,${100 + ((i * 7) % 11)}`);
  const record = read(lines);
  expect([seconds(record), record.doubts]).toEqual([
    1.107,
    [
      {
        code: 'decimal-comma',
        message: "Every reading has a comma before its last three digits: '1,100' was taken as 1.1.",
        hint: 'Take the commas out where they separate thousands.',
      },
    ],
  ]);
  for (const other of ['0,107', '1,10', '1234,567']) expect(codes(read([other, ...lines]))).toEqual([]);
});
