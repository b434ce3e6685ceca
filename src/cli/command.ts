import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { KeptRun } from '../tasks/kept-run.ts';
import type { Measure } from '../tasks/measure.ts';
import type { Warning } from '../warning.ts';
import type { Step } from './progress.ts';

/** What a command found. */
export interface Answer {
  /** The contract's `result`. */
  readonly result: unknown;
  /** The same for people, printed unless --json was given. */
  readonly text: string;
  readonly warnings?: readonly Warning[];
  /** Writes files of the command's own, before anything is printed; it is given the whole document. */
  readonly save?: (json: string) => Promise<void>;
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
  /** What the progress of the tasks from now on is a part of. */
  step(step: Step): void;
  /** Text for people as soon as it is known; nothing with --json. */
  print(text: string): void;
}

/** What the program has to know about a command. */
export interface CommandWords {
  /** The command's name, of two words where it is one of a group: `fleet hosts`. Joined by dashes, its document's kind. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** False: the document has no `host`, nothing is measured, and a signal ends the command at once. */
  readonly needsHost: boolean;
  /** `own`: --out means something else here (a folder, a page), and the command handles it itself. */
  readonly out?: 'own';
  /** A daemon: a signal is how it ends, so that the exit code is then 0; SIGHUP is its own. */
  readonly endsBySignal?: true;
  /** `own`: --db means something else here, and the command handles it itself. */
  readonly db?: 'own';
}

/** One command: its words, and how it runs. */
export interface CommandSpec<Args extends unknown[], Options extends OptionValues> extends CommandWords {
  /** Adds arguments, options and help to `command`; the types of what `run` receives follow from them. */
  configure(command: Command): Command<Args, Options>;
  /** @param args the positional arguments, in order. */
  run(context: Context, options: Options, args: Args): Promise<Answer>;
}

/** A command with its flags parsed, ready to run. */
export interface Call {
  readonly options: Readonly<Record<string, unknown>>;
  run(context: Context): Promise<Answer>;
}

/** A command as the program holds it. */
export interface DefinedCommand extends CommandWords {
  /** Adds the command's own words to `program`. @returns it, and what gives its call once the words are parsed. */
  addTo(program: Command): { readonly command: Command; readonly call: () => Call };
}

/** Gives a command its types; every file in this folder that is a command exports one of these as `command`. */
export const defineCommand = <Args extends unknown[], Options extends OptionValues>({
  configure,
  run,
  ...words
}: CommandSpec<Args, Options>): DefinedCommand => ({
  ...words,
  addTo(program) {
    const [first = '', second] = words.name.split(' ');
    const group = program.commands.find((known) => known.name() === first) as Command | undefined;
    const own =
      second === undefined ? program.command(first) : (group ?? program.command(first)).command(second);
    const command = configure(own.summary(words.summary).description(words.summary));
    const call = () => ({
      options: command.opts(),
      run: (context: Context) => run(context, command.opts(), command.processedArgs),
    });
    return { command: command as unknown as Command, call };
  },
});
