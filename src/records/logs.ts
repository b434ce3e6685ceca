import { dateSeconds } from './cells.ts';

/** One reading of a log. */
interface LogReading {
  /** Seconds, from any origin. */
  readonly time: number;
  /** In the units that `LogFormat` names. */
  readonly phase: number;
  readonly frequency: number | null;
  /** Whom it is about, where a log has several: only those of the first are taken. */
  readonly source: string | null;
}

/** A log whose lines are known by name. */
interface LogFormat {
  readonly title: string;
  /** What its lines name their time by. */
  readonly times: string;
  /** The unit of its phase. */
  readonly phaseUnit: 's' | 'ns';
  /** The unit of its frequency, where it has one. */
  readonly frequencyUnit: 'ppm' | 'ppb' | null;
  /** The reading of a line; null for a line that has none. */
  read(line: string): LogReading | null;
}

const DAY_S = 86_400;
const fieldsOf = (line: string): string[] => line.trim().split(/\s+/);
const number = (text: string | undefined): number =>
  text !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;

/** The reading; null where its time or phase is missing. */
const reading = (one: LogReading): LogReading | null =>
  Number.isNaN(one.time) || Number.isNaN(one.phase) ? null : one;

/** A log of columns: what its lines begin with, how many cells they have, and which are offset (s) and frequency (ppm). */
const columns = (
  title: string,
  times: string,
  fields: number,
  [offset, frequency]: readonly [offset: number, frequency: number | null],
  /** Time and source of a line; null for one without a reading. */
  head: (cells: readonly string[]) => Pick<LogReading, 'time' | 'source'> | null,
): LogFormat => ({
  title,
  times,
  phaseUnit: 's',
  frequencyUnit: frequency === null ? null : 'ppm',
  read(line) {
    const cells = fieldsOf(line);
    const known = cells.length < fields ? null : head(cells);
    if (known === null) return null;
    return reading({
      ...known,
      phase: number(cells[offset]),
      frequency: frequency === null ? null : number(cells[frequency]),
    });
  },
});

/** MJD and seconds of the day, as ntpd's statistics begin. */
const mjd = (day: string | undefined, second: string | undefined): number =>
  /^\d{5}$/.test(day ?? '') ? Number(day) * DAY_S + number(second) : Number.NaN;

/** A peer's status, which rawstats, otherwise similar, does not have. */
const STATUS = /^[0-9a-f]{4}$/i;

/** A log of ntpd (monitor options): the columns of offset and frequency, and that of the peer, whose status follows. */
const ntpd = (
  title: string,
  fields: number,
  figures: readonly [offset: number, frequency: number | null],
  peer: number | null,
): LogFormat =>
  columns(title, 'MJD and seconds', fields, figures, (cells) =>
    peer !== null && !STATUS.test(cells[peer + 1] ?? '')
      ? null
      : { time: mjd(cells[0], cells[1]), source: peer === null ? null : (cells[peer] ?? null) },
  );

/** What chronyd names as its source while it has none. */
const NO_SOURCE = '0.0.0.0';

/** A log of chronyd: date, time, address, and the columns of offset and frequency. */
const chronyd = (
  title: string,
  fields: number,
  figures: readonly [offset: number, frequency: number | null],
): LogFormat =>
  columns(title, 'dates', fields, figures, ([day, time, source = null]) =>
    source === NO_SOURCE ? null : { time: dateSeconds(`${day} ${time}`) ?? Number.NaN, source },
  );

/** A log of linuxptp, with or without what a system log puts before it. */
function linuxptp(program: string): LogFormat {
  const pattern = new RegExp(
    `\\b${program}\\b[^\\[]*(?:\\[\\d+\\])?:?\\s*\\[(\\d+\\.\\d+)\\]:?\\s*(.*?)\\boffset\\s+([+-]?\\d+)\\s+s\\d(?:\\s+freq\\s+([+-]?\\d+))?`,
  );
  return {
    title: `${program} (linuxptp)`,
    times: 's',
    phaseUnit: 'ns',
    frequencyUnit: 'ppb',
    read(line) {
      const match = pattern.exec(line);
      if (match === null) return null;
      const [, time, source = '', offset, frequency] = match;
      return reading({
        time: number(time),
        phase: number(offset),
        frequency: frequency === undefined ? null : number(frequency),
        source: source.replace(/\b(master|phc)\s*$/, '').trim() || null,
      });
    },
  };
}

/** The logs that people have, by the names of `--format`. */
export const LOG_FORMATS = {
  loopstats: ntpd('loopstats (ntpd)', 7, [2, 3], null),
  peerstats: ntpd('peerstats (ntpd)', 8, [4, null], 2),
  tracking: chronyd('tracking.log (chronyd)', 7, [6, 4]),
  statistics: chronyd('statistics.log (chronyd)', 13, [4, 6]),
  measurements: chronyd('measurements.log (chronyd)', 18, [11, null]),
  ptp4l: linuxptp('ptp4l'),
  phc2sys: linuxptp('phc2sys'),
  ts2phc: linuxptp('ts2phc'),
} as const satisfies Record<string, LogFormat>;

export type LogName = keyof typeof LOG_FORMATS;

/** Headings that tell apart logs that look alike. */
const HEADINGS: ReadonlyArray<readonly [RegExp, LogName]> = [
  [/Freq ppm\s+Skew ppm\s+Offset/, 'tracking'],
  [/Std dev'n\s+Est offset/, 'statistics'],
  [/\bScore\s+Offset\s+Peer del/, 'measurements'],
];

/** Which log the first lines of a file belong to; null for none. */
export function logOf(lines: readonly string[]): LogName | null {
  for (const [heading, name] of HEADINGS) if (lines.some((line) => heading.test(line))) return name;
  const filled = lines.filter((line) => line.trim() !== '' && !/^[=#%\s-]/.test(line));
  const most = (name: LogName) => {
    const found = filled.filter((line) => LOG_FORMATS[name].read(line) !== null).length;
    return found > 0 && found * 2 >= filled.length;
  };
  for (const name of ['ptp4l', 'phc2sys', 'ts2phc'] as const) if (most(name)) return name;
  // Columns of numbers could be anything; these two are recognised by a peer's status and by their width.
  const width = (line: string) => fieldsOf(line).length;
  if (most('peerstats') && filled.every((line) => width(line) === 8)) return 'peerstats';
  if (most('loopstats') && filled.every((line) => width(line) === 7)) return 'loopstats';
  const chrony = (width: (cells: string[]) => boolean) =>
    filled.length > 0 && filled.every((line) => width(fieldsOf(line)));
  if (most('tracking') && chrony((cells) => /^[NIFD?-]$/.test(cells[7] ?? ''))) return 'tracking';
  if (most('measurements') && chrony((cells) => /^[01]{3}$/.test(cells[5] ?? ''))) return 'measurements';
  if (most('statistics') && chrony((cells) => cells.length === 13 || cells.length === 14))
    return 'statistics';
  return null;
}
