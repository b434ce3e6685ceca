import { stderr, stdout } from 'node:process';
import { hostSummary } from '../host/summary.ts';
import { hostLine } from '../report/text/host-line.ts';
import { schemaId, type Warning } from '../schema/envelope.ts';
import type { HostSummary } from '../schema/host.ts';
import { beginKeptRun, endKeptRun, type KeptRun } from '../tasks/kept-run.ts';
import { runTask } from '../tasks/run-task.ts';
import { version } from '../version.ts';
import type { Answer, CommandSpec, Context } from './command.ts';
import { checkWritable, writeWhole } from './out-file.ts';
import { Progress } from './progress.ts';
import { warningText } from './style.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: true;
  readonly out?: string;
  readonly db?: string;
}

/** Whether --db keeps what the command measured. */
export const keepsRuns = (spec: CommandSpec): boolean => spec.needsHost && spec.db !== 'own';

/** The contract's document around a result. */
export const documentOf = (
  spec: CommandSpec,
  startedAt: Date,
  host: HostSummary | null,
  answer: Answer,
): Record<string, unknown> => ({
  schema: schemaId(spec.name),
  tool: { name: 'tscope', version },
  startedAt: startedAt.toISOString(),
  ...(host === null ? {} : { host }),
  warnings: answer.warnings ?? [],
  result: answer.result,
});

/** Aborts at the first Ctrl-C (or SIGTERM); the second one ends the process at once. */
function interruptible(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    release: () => process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  };
}

function contextOf(progress: Progress, startedAt: Date, kept: KeptRun | null, signal: AbortSignal): Context {
  return {
    startedAt,
    kept,
    signal,
    status: (text) => progress.status(text),
    measure: (name, options, limit) =>
      runTask(name, options, {
        signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
        progress: (done, total) => progress.bar(name, done, total),
      }),
  };
}

function print(text: string, warnings: readonly Warning[]): void {
  stdout.write(`${text}\n`);
  for (const warning of warnings) stderr.write(`${warningText(warning)}\n`);
}

/** Does every one of `actions`. @returns what the first that failed threw, or null. */
function firstFailure(actions: ReadonlyArray<() => unknown>): unknown {
  let failure: unknown = null;
  for (const action of actions) {
    try {
      action();
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
 * @returns the exit code.
 * @throws TscopeError as the command throws it; IO where a file cannot be written, after printing the result.
 */
export async function runCommand(
  spec: CommandSpec,
  options: CommonOptions,
  args: readonly string[],
): Promise<number> {
  const out = spec.out === 'own' ? undefined : options.out;
  if (out !== undefined) checkWritable(out);
  const startedAt = new Date();
  const kept =
    keepsRuns(spec) && options.db !== undefined
      ? beginKeptRun(options.db, spec.name, options, startedAt)
      : null;
  const progress = new Progress();
  const { signal, release } = interruptible();
  try {
    const answer = await spec.run(contextOf(progress, startedAt, kept, signal), options, args);
    const host = spec.needsHost ? hostSummary() : null;
    const json = JSON.stringify(documentOf(spec, startedAt, host, answer), null, 2);
    const failure = firstFailure([
      () => out !== undefined && writeWhole(out, `${json}\n`),
      () => answer.save?.(`${json}\n`),
      () => kept !== null && endKeptRun(kept, json),
    ]);
    progress.clear();
    const text = host === null ? answer.text : `${hostLine(host)}\n\n${answer.text}`;
    print(options.json ? json : text, answer.warnings ?? []);
    if (failure !== null) throw failure;
    return signal.aborted && !spec.endsBySignal ? 130 : (answer.exitCode ?? 0);
  } finally {
    progress.clear();
    release();
  }
}
