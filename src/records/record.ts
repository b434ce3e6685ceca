import { usageError } from '../errors.ts';
import { printableLine } from '../printable.ts';
import type { Warning } from '../warning.ts';
import { LOG_FORMATS, type LogName } from './logs.ts';

/** Units of phase, in seconds, and of frequency, as a ratio; `hz` needs the nominal frequency. */
export const UNITS = {
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
  ps: 1e-12,
  ratio: 1,
  ppm: 1e-6,
  ppb: 1e-9,
  hz: 1,
} as const;
export type Unit = keyof typeof UNITS;
export const UNIT_NAMES = Object.keys(UNITS) as Unit[];

export const OF_FREQUENCY: readonly Unit[] = ['ratio', 'ppm', 'ppb', 'hz'];

/** What a file may be read as. */
export const FORMAT_NAMES = [
  'auto',
  ...(Object.keys(LOG_FORMATS) as LogName[]),
  'stable32',
  'timelab',
] as const;
type FormatName = (typeof FORMAT_NAMES)[number];

/** How to read a record; what is left out is found from the text. */
export interface RecordOptions {
  readonly format?: FormatName | undefined;
  readonly data?: 'phase' | 'frequency' | undefined;
  /** Columns are counted from 1. */
  readonly column?: number | undefined;
  readonly timeColumn?: number | undefined;
  readonly unit?: Unit | undefined;
  /** Hz. */
  readonly nominal?: number | undefined;
  /** The value that stands for a missing reading. */
  readonly gap?: number | undefined;
  /** Seconds between two readings; needed where no times are given. */
  readonly tau0?: number | undefined;
}

/** What was understood of a text. */
export interface RecordRead {
  readonly format: string;
  readonly columns: number;
  /** From 1; null for a log, whose columns are known. */
  readonly column: number | null;
  readonly timeColumn: number | null;
  readonly unit: string;
  readonly nominalHz: number | null;
  readonly spacing: {
    readonly tau0: number;
    readonly source: 'given' | 'times';
    readonly times: string | null;
  };
  readonly lines: number;
  readonly readings: number;
  /** Readings marked as missing, zeros taken for that mark, and grid points without a reading. */
  readonly gaps: { readonly marked: number; readonly zeros: number; readonly absent: number };
  /** Range of a counter that wraps, s; null for none. */
  readonly wraps: number | null;
  /** Lines that hold no reading, by what they are. */
  readonly skipped: ReadonlyArray<{ readonly what: string; readonly lines: number }>;
}

/** A record, ready for analysis. */
export interface TextRecord {
  /** Seconds of phase or a ratio of frequency; NaN where a reading is missing. */
  readonly values: Float64Array;
  readonly data: 'phase' | 'frequency';
  readonly tau0: number;
  readonly read: RecordRead;
  readonly doubts: readonly Warning[];
}

/** What a text may hold, for messages. */
export const ACCEPTED =
  'Give one number a line, or columns with `column` and `timeColumn`; `nan` is a gap, and `#` starts a comment.';

/** Ends the reading of a file. */
export type Fail = (message: string, hint?: string | null) => never;

/** @param name of the file. */
export const failOf =
  (name: string): Fail =>
  (message, hint = ACCEPTED) => {
    throw usageError(`${name}: ${message}`, hint);
  };

/** A part of a file, for a message. */
export const quoted = (text: string): string => {
  const plain = printableLine(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  return `'${plain}'`;
};
