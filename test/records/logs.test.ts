import { expect, test } from 'vitest';
import type { RecordOptions } from '../../src/records/record.ts';
import { read } from './read.ts';

// Logs of daemons as other versions and setups write them.

const rows = (line: (i: number) => string, count = 40) => Array.from({ length: count }, (_, i) => line(i));
/** Offsets in whole us. */
const us = (i: number) => ((i * 7) % 11) - 5;
const inUs = (values: Float64Array) => [...values].map((value) => Math.round(value * 1e6));

test.each(['10.0.0.1', '2001:db8::1', '127.127.20.0', 'GPS_NMEA(0)', 'SHM(0)'])('peerstats of %s', (peer) => {
  const record = read(rows((i) => `60310 ${17 + 64 * i}.1 ${peer} 965a ${us(i) / 1e6} 0.01 0.007 0.0006`));
  expect([record.read.format, record.tau0]).toEqual(['peerstats (ntpd)', 64]);
  expect(inUs(record.values)).toEqual(rows((i) => String(us(i))).map(Number));
});

test('rawstats are no peerstats', () => {
  const stamps = rows(
    (i) =>
      `60310 ${17 + 64 * i}.1 10.0.0.1 10.0.0.2 ${3_900_000_000 + 64 * i}.1 3900000000.2 3900000000.3 3900000000.4`,
  );
  expect(() => read(stamps)).toThrow(
    "file: holds the four time stamps of each packet, as ntpd's rawstats, not the offsets.",
  );
});

test("linuxptp's summaries are no offsets", () => {
  const summaries = rows(
    (i) => `ptp4l[${4850 + i}.900]: rms   17 max   78 freq +14413 +/-   4 delay   237 +/-   1`,
  );
  expect(() => read(summaries)).toThrow(
    'file: holds only the rms and max of many offsets, as linuxptp sums them up',
  );
});

const tracking = (i: number, source: string, rest: string) =>
  `2026-01-01 00:${String(i).padStart(2, '0')}:00 ${source} 2 -12.3 0.01 ${us(i) / 1e6}${rest}`;

test('what chronyd writes before it has a source is no reading of one', () => {
  const rest = ' N 1 1e-6 -1e-9 1e-3 1e-4 1e-3';
  const record = read(
    rows((i) => tracking(i, i < 2 ? '0.0.0.0' : '10.0.0.1', i < 2 ? rest.replace('N', '?') : rest)),
  );
  expect([record.read.readings, record.read.skipped]).toEqual([38, [{ what: 'other lines', lines: 2 }]]);
});

test('an old tracking.log has fewer columns', () => {
  const record = read(rows((i) => tracking(i, '10.0.0.1', ' N')));
  expect([record.read.format, record.read.readings]).toEqual(['tracking.log (chronyd)', 40]);
});

test('a step of the servo in a log is said', () => {
  const record = read(
    rows(
      (i) =>
        `ptp4l[${4850 + i}.900]: master offset ${us(i) + (i < 20 ? -100_000 : 0)} s${i < 20 ? 0 : 2} freq +14413 path delay 237`,
    ),
  );
  expect(record.doubts.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^The phase jumps by 0\.000100 s at reading 21, \d+ times the usual step: the clock was stepped\.$/,
    ),
  ]);
});

test('TimeLab: words with a number beside them are no columns', () => {
  const lines = ['TIM 1', 'TAU 1.0', 'S 300', 'PHA', ...rows((i) => `${us(i)}e-9`), 'END'];
  expect(read(lines, { format: 'timelab', tau0: 1 }).read).toMatchObject({ columns: 1, readings: 40 });
});

test('readings in Hz, and times of events, that are taken as a phase are said', () => {
  const doubts = (line: (i: number) => string) => read(rows(line), { tau0: 1 }).doubts;
  expect(doubts((i) => `${10_000_000 + us(i) / 1e3}`)).toEqual([
    {
      code: 'implausible-unit',
      message: 'Taken as seconds, the phase stays near 10000000: it looks like a frequency in Hz.',
      hint: 'If it is, add `data` frequency, `unit` hz and `nominal` 10000000.',
    },
  ]);
  expect(doubts((i) => `${1_700_000_000 + i}.00000${us(i) + 6}`)).toEqual([
    {
      code: 'implausible-unit',
      message:
        'The readings advance by about 1 s each, as the times of events do: their phase is their difference from equal steps.',
      hint: 'Subtract those first: numbers of this size are rounded to 3.8e-7 s, and mtie sees the steps.',
    },
  ]);
});

test('times that are written to a digit of a day only are no spacing', () => {
  const mjd = rows((i) => `${(60310 + i / 86_400).toFixed(5)} ${us(i)}e-9`, 300);
  const codes = (options: RecordOptions) => read(mjd, options).doubts.map(({ code }) => code);
  expect([codes({}), codes({ tau0: 1 })]).toEqual([['coarse-times'], ['uneven-spacing']]);
  // Two in a hundred may be missing where the spacing is one digit.
  const without = (...missing: number[]) =>
    read(
      rows((i) => `${(60310 + i / 1000).toFixed(3)} ${us(i)}e-9`, 101).filter((_, i) => !missing.includes(i)),
    ).doubts;
  expect([without(5, 50), without(5, 50, 70)]).toEqual([
    [],
    [expect.objectContaining({ code: 'coarse-times' })],
  ]);
});

test('a time that cannot be read is named as one', () => {
  expect(() => read(rows((i) => `00:00:${String(i).padStart(2, '0')},${us(i)}e-9`))).toThrow(
    "file: line 1 is neither a number nor a date that can be read: '00:00:00'.",
  );
});
