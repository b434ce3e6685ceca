import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import type { TscopeError } from '../errors.ts';
import { printableLine } from '../printable.ts';
import type { Warning } from '../warning.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours `text` for stderr, unless NO_COLOR is set or stderr is not a terminal. */
const paint = (style: Style, text: string): string =>
  isatty(2) && !process.env['NO_COLOR'] ? styleText(style, text) : text;

const withHint = (label: string, message: string, hint: string | null): string =>
  `${label} ${printableLine(message)}${hint === null ? '' : `\n  ${printableLine(hint)}`}`;

/** `warning: sentence`, and the hint on a line of its own. */
export const warningText = ({ message, hint }: Warning): string =>
  withHint(paint('yellow', 'warning:'), message, hint);

/** `tscope: sentence`, and the hint on a line of its own. */
export const errorText = ({ message, hint }: TscopeError): string =>
  withHint(paint('red', 'tscope:'), message, hint);
