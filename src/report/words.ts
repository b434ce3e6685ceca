import { count } from '../digits.ts';
import type { KvmStop } from '../schema/kvm.ts';
import type { TimerResult } from '../schema/timer.ts';

export const orDash = <T>(value: T | null | undefined, format: (value: T) => string = String): string =>
  value === null || value === undefined ? '-' : format(value);

export const yesNo = (value: boolean | null): string => (value === null ? 'not known' : value ? 'yes' : 'no');

/** Wall-clock time in UTC, to the second. */
export const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** `1 tick`, `2 ticks`. */
export const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** `a, b and c`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** `2 x step, 1 x suspend`: how often each kind occurs. */
export const tally = (kinds: readonly string[]): string =>
  [...new Set(kinds)].map((kind) => `${kinds.filter((one) => one === kind).length} x ${kind}`).join(', ');

/** How each backend waits. */
export const BACKENDS: Readonly<Record<TimerResult['backend'], string>> = {
  hrtimer: 'sleeping, as the hrtimer does',
  tsc: 'spinning on the TSC, as the preemption timer does',
  hybrid: 'sleeping, then spinning',
};

/** What a guest does between interrupts. */
export const LOOPS: Readonly<Record<KvmStop['loop'], string>> = { halt: 'halts', spin: 'spins' };

/** How a guest was stopped. */
export const STOPS: Readonly<Record<KvmStop['stop'], string>> = {
  pause: 'paused',
  sigstop: 'SIGSTOP',
  'save-restore': 'saved and restored',
};

const UNITS = '(?:[num]?s|min|h|d|pp[bm]|[kM]?Hz|%|kB|kHz|MHz)';
const NUMBER_AND_UNIT = new RegExp(`(?<=\\d) (?=${UNITS}(?![\\w/]))`, 'g');
/** Between the groups of a fraction's digits. */
const GROUPS = /(?<=\d\.\d{3}(?: \d{3})*) (?=\d{1,3}(?!\d))/g;
const SPACE = '\u00a0';

/** The text with a space that does not break within a number, and between it and its unit. */
const keepUnits = (text: string): string => text.replace(GROUPS, SPACE).replace(NUMBER_AND_UNIT, SPACE);

/** Breaks a text into lines of at most `width` characters, at spaces but not within a number or before its unit; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of keepUnits(text).split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((done) => done.replaceAll(SPACE, ' '));
}

/** ASCII as a page prints it: `+/- 3 us` becomes `± 3 µs`, and the hyphen before a number a minus sign. */
export const typeset = (text: string): string =>
  keepUnits(text)
    .replace(/(?<=[\d(]\u00a0?)us(?![\w/])/g, 'µs')
    .replaceAll('+/-', '±')
    .replace(/(?<![^\s(±,:])-(?=\d)/g, '−');
