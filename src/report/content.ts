import type { Figure } from './plot/figure.ts';

/** How good the news is. `unknown`: this run cannot tell. */
export type Level = 'good' | 'note' | 'bad' | 'unknown';

/** What a part of a run means, in plain words. */
export interface Verdict {
  readonly level: Level;
  /** What it is about, in a word or two. */
  readonly about: string;
  /** A sentence or two. */
  readonly text: string;
}

/** Running text. */
export interface Paragraph {
  readonly text: string;
  /** On a page: `lead` opens a section, `faint` is a remark. */
  readonly tone?: 'lead' | 'faint';
}

/** Columns under their heads; those whose head starts with `#` hold numbers and are set to the right. */
export interface Table {
  readonly title?: string;
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
  /** On a page, where the first cell of each row leads. */
  readonly addresses?: readonly string[] | undefined;
  /** How to read it; empty for none. */
  readonly note?: string;
  /** On a page the table is folded away behind these words. */
  readonly fold?: string;
}

/** Named facts, each with where it comes from. */
export interface Facts {
  readonly title?: string;
  readonly facts: ReadonlyArray<readonly [name: string, value: string, source: string]>;
}

/** A piece of what is said of a result. A terminal shows no figures; an empty text, and a table without rows and note, is left out. */
export type Block = (Paragraph | Table | Facts | Figure) & {
  /** Shown in both if left out. */
  readonly on?: 'terminal' | 'page';
};

/** A part of a page, or of a command's text. */
export interface Section {
  /** Its anchor: lower-case letters and dashes. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Everything that is said of one kind of result. */
export interface Kind<Result> {
  /** What was measured, the command that does it again, and how it is done. */
  readonly method: readonly [title: string, command: string, how: string];
  verdict(result: Result): Verdict;
  /** The result in a few lines, to be pasted into a mail; none where the verdict says it all. */
  brief(result: Result): string[];
  sections(result: Result): Section[];
}
