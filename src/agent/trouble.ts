import { TscopeError } from '../errors.ts';
import type { Field, Log } from './log.ts';

type Fields = Readonly<Record<string, Field>>;

/** What a fault is told by. */
export type Fault = Pick<TscopeError, 'code' | 'message'>;

/** Whatever was thrown; none of the one family is a defect. */
export const faultOf = (error: unknown): Fault =>
  error instanceof TscopeError
    ? error
    : { code: 'DEFECT', message: `unexpected: ${error instanceof Error ? error.message : String(error)}` };

/** What goes wrong until it goes well again. The log has each fault once, however often it is met, and the recovery. */
export class Trouble {
  readonly #log: Log;
  readonly #over: string;
  #now: { readonly code: string; readonly reason: string; readonly since: Date } | null = null;
  #failures = 0;

  /** @param over what the log says of the recovery. */
  constructor(log: Log, over: string) {
    this.#log = log;
    this.#over = over;
  }

  /** As health tells it: what is wrong now, since when, and how many attempts have failed so far. */
  get state() {
    return {
      ok: this.#now === null,
      reason: this.#now?.reason ?? null,
      code: this.#now?.code ?? null,
      since: this.#now?.since.toISOString() ?? null,
      failures: this.#failures,
    };
  }

  /** @param fields of the log's line. @param known what makes this the same as before. */
  worse({ code, message: reason }: Fault, fields: Fields = {}, known: 'code' | 'reason' = 'reason'): void {
    this.#failures += 1;
    if (this.#now?.[known] === { code, reason }[known]) return;
    this.#now = { code, reason, since: this.#now?.since ?? new Date() };
    this.#log('error', reason, { code, ...fields });
  }

  better(fields?: Fields): void {
    if (this.#now === null) return;
    this.#now = null;
    this.#log('info', this.#over, fields);
  }
}
