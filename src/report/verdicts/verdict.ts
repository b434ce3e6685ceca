/** How good the news is. `unknown`: this run does not tell. */
export type Level = 'good' | 'note' | 'bad' | 'unknown';

/** What a part of a run means, in plain words. */
export interface Verdict {
  readonly level: Level;
  /** What it is about, in a word or two. */
  readonly about: string;
  /** A sentence or two. */
  readonly text: string;
}

/** What a level is called beside its colour; a note needs no name. */
export const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  good: 'good',
  note: '',
  bad: 'problem',
  unknown: 'not known',
};
