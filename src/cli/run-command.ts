import { stderr, stdout } from 'node:process';
import type { HostSummary } from '../host/summary.ts';
import { hostSummary } from '../host/summary.ts';
import { checkWritable, writeWhole } from '../out-file.ts';
import { printable, printableJson } from '../printable.ts';
import { hostLine } from '../report/kinds/host.ts';
import { schemaId } from '../schema/document.ts';
import { beginKeptRun, endKeptRun } from '../tasks/kept-run.ts';
import { runTask } from '../tasks/run-task.ts';
import { version } from '../version.ts';
import type { Warning } from '../warning.ts';
import type { Answer, Call, CommandWords, Context } from './command.ts';
import { interruptible } from './interrupt.ts';
import { Progress } from './progress.ts';
import { warningText } from './style.ts';

/** What `--out -` means. */
const STDOUT = '-';

/** Whether --db keeps what the command measured. */
export const keepsRuns = (command: CommandWords): boolean => command.needsHost && command.db !== 'own';

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

/** The contract's document around a result. */
const documentOf = (
  { name }: CommandWords,
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
 * @param worded a warning in the words of the command line.
 * @returns the exit code.
 * @throws TscopeError as the command throws it; IO where a file cannot be written, after printing the result.
 */
export async function runCommand(
  command: CommandWords,
  call: Call,
  worded: (warning: Warning) => Warning,
): Promise<number> {
  const { options } = call;
  const out = command.out === 'own' ? undefined : textOf(options['out']);
  const db = keepsRuns(command) ? textOf(options['db']) : undefined;
  const json = options['json'] === true || out === STDOUT;
  if (out !== undefined && out !== STDOUT) checkWritable(out);
  const startedAt = new Date();
  const kept = db === undefined ? null : beginKeptRun(db, command.name, options, startedAt);
  const progress = new Progress();
  const { signal, release } = interruptible(command);
  let headed = false;
  const print = (text: string) => {
    progress.clear();
    // A host's summary takes its time; it is not asked for before something is shown.
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
    const answer = await call.run(context);
    const interrupted = signal.aborted && command.endsBySignal !== true;
    const warnings = [...(answer.warnings ?? []), ...(interrupted ? [INTERRUPTED] : [])].map(worded);
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
