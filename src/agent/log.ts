/** Anything that JSON can hold. */
export type Field = string | number | boolean | null | readonly string[];

export type LogLevel = 'info' | 'warn' | 'error';

/** One event of the daemon as one line. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, Field>>) => void;

/** Writes each event as a line of JSON: `{"time":..,"level":..,"message":..}` and its fields. */
export const jsonLog =
  (write: (line: string) => void, now: () => Date = () => new Date()): Log =>
  (level, message, fields = {}) =>
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`);
