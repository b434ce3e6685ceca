import type { Command } from 'commander';
import type { Warning } from '../schema/envelope.ts';
import type { KeptRun } from '../tasks/kept-run.ts';
import type { Measure } from '../tasks/measure.ts';

/** What a command found. */
export interface Answer {
  /** The contract's `result`. */
  readonly result: unknown;
  /** The same for people, printed unless --json was given. */
  readonly text: string;
  readonly warnings?: readonly Warning[];
  /** Writes the whole document to where a command with an --out of its own puts it; before anything is printed. */
  readonly save?: (json: string) => void;
  /** 1 where `--fail-if` holds or the verdict is bad; 0 if left out. */
  readonly exitCode?: 0 | 1;
}

/** What a command may use while it runs. */
export interface Context {
  /** Runs a task on a worker thread of its own, with progress drawn on stderr; Ctrl-C asks it to stop early. */
  readonly measure: Measure;
  /** When the command began, the `startedAt` of its document. */
  readonly startedAt: Date;
  /** The run in the store that --db names, for a task that adds to it; null without --db. */
  readonly kept: KeptRun | null;
  /** Aborted by Ctrl-C. What was measured so far is then printed, and the exit code is 130. */
  readonly signal: AbortSignal;
  /** A line of progress on stderr, on a terminal only. */
  status(text: string): void;
}

/** One command: its words, and how it runs. */
export interface CommandSpec<Options extends object = object> {
  /** The command's name, which is also the kind of its document. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** False: the document has no `host` (replay, stability). */
  readonly needsHost: boolean;
  /** `own`: --out means something else here (a folder, a page), and the command handles it itself. */
  readonly out?: 'own';
  /** A daemon: a signal is how it ends, so that the exit code is then 0. */
  readonly endsBySignal?: true;
  /** `own`: --db means something else here, and the command handles it itself. */
  readonly db?: 'own';
  /** Adds arguments, options and help to `command`. */
  configure(command: Command): void;
  /** @param args the positional arguments, in order. */
  run(context: Context, options: Options, args: readonly string[]): Promise<Answer>;
}

/** Gives the spec its types; every file in this folder that is a command exports one of these as `command`. */
export const defineCommand = <Options extends object>(spec: CommandSpec<Options>): CommandSpec<Options> =>
  spec;
