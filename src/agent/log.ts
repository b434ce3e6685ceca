/** Anything that JSON can hold. */
export type Field = string | number | boolean | null | readonly string[] | Readonly<Record<string, number>>;

export type LogLevel = 'info' | 'warn' | 'error';

/** One event of the daemon as one line. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, Field>>) => void;

/** Writes each event as a line of JSON: `{"time":..,"level":..,"message":..}` and its fields. */
export const jsonLog =
  (write: (line: string) => void, now: () => Date = () => new Date()): Log =>
  (level, message, fields = {}) =>
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`);

/** Lines of one kind in a minute; what comes after them is counted. */
export const MOST_LINES = 10;
const MINUTE_MS = 60_000;
/** Kinds told apart; all others share one. */
const MOST_KINDS = 64;

/** Lines of one kind differ in what follows the first colon. */
const kindOf = (level: LogLevel, message: string): string => `${level} ${message.split(':', 1)[0]}`;

/**
 * A log that neither an outsider nor a fault can fill a disk with: ten lines of a kind in a minute, then one that says
 * how many were left out.
 */
export function boundedLog(log: Log, nowMs: () => number = () => performance.now()): Log {
  const kinds = new Map<string, { until: number; written: number; leftOut: number }>();
  const tellLeftOut = (now: number): void => {
    for (const [kind, { until, leftOut }] of kinds) {
      if (now < until) continue;
      kinds.delete(kind);
      if (leftOut > 0) log('warn', 'lines were left out', { like: kind, count: leftOut });
    }
  };
  let due = false;
  return (level, message, fields) => {
    const now = nowMs();
    tellLeftOut(now);
    const own = kindOf(level, message);
    const kind = kinds.has(own) || kinds.size < MOST_KINDS ? own : 'others';
    const known = kinds.get(kind) ?? { until: now + MINUTE_MS, written: 0, leftOut: 0 };
    kinds.set(kind, known);
    if (known.written < MOST_LINES) {
      known.written += 1;
      log(level, message, fields);
      return;
    }
    known.leftOut += 1;
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      tellLeftOut(nowMs());
    }, MINUTE_MS).unref();
  };
}
