import { stderr, stdout } from 'node:process';
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { HostSummary } from '../host/summary.ts';
import { hostSummary } from '../host/summary.ts';
import { checkWritable, writeWhole } from '../out-file.ts';
import { printable, printableJson } from '../printable.ts';
import { hostLine } from '../report/kinds/host.ts';
import { schemaId } from '../schema/words.ts';
import { beginKeptRun, endKeptRun, type KeptRun } from '../tasks/kept-run.ts';
import type { Measure } from '../tasks/measure.ts';
import { runTask } from '../tasks/run-task.ts';
import { version } from '../version.ts';
import type { Warning } from '../warning.ts';
import { warningInFlags } from './in-flags.ts';
import { interruptible } from './interrupt.ts';
import { ProgressLine, type Step } from './progress.ts';
import { warningText } from './style.ts';

/** What a command found. */
export interface Answer {
  /** The document's `result`. */
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
  /** Runs a task on a worker thread of its own, with progress drawn on stderr; Ctrl-C asks it to end early. */
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

/** One command: its words, and how it runs. */
export interface CommandSpec<
  Args extends unknown[] = unknown[],
  Options extends OptionValues = OptionValues,
> {
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
  /** Adds arguments, options and help to `command`; the types of what `run` receives follow from them. */
  configure(command: Command): Command<Args, Options>;
  /** @param args the positional arguments, in order. */
  run(context: Context, options: Options, args: Args): Promise<Answer>;
}

/** Gives a command its types; every file in this folder that is a command exports one of these as `command`. */
export const defineCommand = <Args extends unknown[], Options extends OptionValues>(
  spec: CommandSpec<Args, Options>,
): CommandSpec => spec as unknown as CommandSpec;

/** What `--out -` means. */
const STDOUT = '-';

/** Whether --db keeps what the command measured. */
export const keepsRuns = (command: CommandSpec): boolean => command.needsHost && command.db !== 'own';

const INTERRUPTED: Warning = {
  code: 'interrupted',
  message: 'Interrupted: this is what was measured until then.',
  hint: null,
};

const BARE_WORD = /^[\w@%+=:,./-]+$/;

/** The words as they would be typed into a shell. */
const commandLine = (words: readonly string[]): string =>
  [
    'tscope',
    ...words.map((word) => (BARE_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)),
  ].join(' ');

/** The document around a result. */
const documentOf = (
  { name }: CommandSpec,
  startedAt: Date,
  host: HostSummary | null,
  { result }: Answer,
  warnings: readonly Warning[],
): Record<string, unknown> => ({
  schema: schemaId(name.replace(' ', '-')),
  tool: { name: 'tscope', version },
  startedAt: startedAt.toISOString(),
  command: commandLine(process.argv.slice(2)),
  ...(host === null ? {} : { host }),
  warnings,
  result,
});

const textOf = (option: unknown): string | undefined => (typeof option === 'string' ? option : undefined);

/** Does every one of `actions`. @returns what the first that failed threw, or null. */
async function firstFailure(actions: ReadonlyArray<() => unknown>): Promise<unknown> {
  let failure: unknown = null;
  for (const action of actions) {
    try {
      await action();
    } catch (error) {
      failure ??= error;
    }
  }
  return failure;
}

/**
 * Runs one command from its parsed words to its output: files first, so that a closed stdout loses nothing, then
 * stdout, then warnings.
 *
 * @param words the command line, parsed.
 * @returns the exit code.
 * @throws TscopeError as the command throws it; IO where a file cannot be written, after printing the result.
 */
export async function runCommand(
  command: CommandSpec,
  words: Command<unknown[], OptionValues>,
): Promise<number> {
  const options = words.opts();
  const out = command.out === 'own' ? undefined : textOf(options['out']);
  const db = keepsRuns(command) ? textOf(options['db']) : undefined;
  const json = options['json'] === true || out === STDOUT;
  if (out !== undefined && out !== STDOUT) checkWritable(out);
  const startedAt = new Date();
  const kept = db === undefined ? null : beginKeptRun(db, command.name, options, startedAt);
  const progress = new ProgressLine();
  const { signal, release } = interruptible(command);
  let headed = false;
  const print = (text: string) => {
    progress.clear();
    // A host's summary takes time; it is not made before something is printed.
    if (!headed && command.needsHost) stdout.write(`${printable(hostLine(hostSummary()))}\n\n`);
    headed = true;
    stdout.write(`${printable(text)}\n`);
  };
  const context: Context = {
    startedAt,
    kept,
    signal,
    status: (text) => progress.status(text),
    step: (step) => progress.step(step),
    print: (text) => {
      if (!json) print(text);
    },
    measure: (name, options, limit) =>
      runTask(name, options, {
        signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
        progress: (done, total) => progress.bar(name, done, total),
      }),
  };
  try {
    const answer = await command.run(context, options, words.processedArgs);
    const interrupted = signal.aborted && command.endsBySignal !== true;
    const warnings = [...(answer.warnings ?? []), ...(interrupted ? [INTERRUPTED] : [])].map((warning) =>
      warningInFlags(warning, words.options),
    );
    const host = command.needsHost ? hostSummary() : null;
    const document = JSON.stringify(documentOf(command, startedAt, host, answer, warnings), null, 2);
    const failure = await firstFailure([
      () => out !== undefined && out !== STDOUT && writeWhole(out, `${document}\n`),
      () => answer.save?.(`${document}\n`),
      () => kept !== null && endKeptRun(kept, document),
    ]);
    progress.clear();
    if (json) stdout.write(`${printableJson(document)}\n`);
    else print(answer.text);
    for (const warning of warnings) stderr.write(`${warningText(warning)}\n`);
    if (failure !== null) throw failure;
    return interrupted ? 130 : (answer.exitCode ?? 0);
  } finally {
    progress.clear();
    release();
  }
}
