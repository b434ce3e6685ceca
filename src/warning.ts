/** A doubt about the data or the host, as data: a code for programs, a sentence, and what to do about it. */
export interface Warning {
  /** Lower-case words joined by hyphens. */
  code: string;
  /** One sentence. */
  message: string;
  /** What to do about it, or null. */
  hint: string | null;
}

/** What every task returns: the document's `result`, and the doubts about it. */
export interface Finding<Result> {
  readonly result: Result;
  readonly warnings: Warning[];
}
