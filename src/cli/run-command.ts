import { stderr, stdout } from 'node:process';
import { usageError } from '../errors.ts';
import { runTask } from '../experiment/run-task.ts';
import { hostSummary } from '../host/summary.ts';
import { schemaId, type Warning } from '../schema/envelope.ts';
import { version } from '../version.ts';
import type { Answer, CommandSpec, Context } from './command.ts';
import { checkWritable, writeWhole } from './out-file.ts';
import { Progress } from './progress.ts';
import { warningText } from './style.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: true;
  readonly out?: string;
}

/** The contract's document around a result. */
export function documentOf(spec: CommandSpec, startedAt: Date, answer: Answer): Record<string, unknown> {
  return {
    schema: schemaId(spec.name),
    tool: { name: 'tscope', version },
    startedAt: startedAt.toISOString(),
    ...(spec.needsHost ? { host: hostSummary() } : {}),
    warnings: answer.warnings ?? [],
    result: answer.result,
  };
}

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

function contextOf(progress: Progress, signal: AbortSignal): Context {
  return {
    signal,
    status: (text) => progress.status(text),
    measure: (name, options) =>
      runTask(name, options, { signal, progress: (done, total) => progress.bar(name, done, total) }),
  };
}

function printWarnings(warnings: readonly Warning[]): void {
  for (const warning of warnings) stderr.write(`${warningText(warning)}\n`);
}

/**
 * Runs one command from its parsed words to its output: --out first, so that a closed stdout loses nothing, then
 * stdout, then warnings.
 *
 * @returns the exit code.
 * @throws TscopeError as the command throws it; IO where --out cannot be written.
 */
export async function runCommand(
  spec: CommandSpec,
  options: CommonOptions,
  args: readonly string[],
): Promise<number> {
  const out = spec.out === 'own' ? undefined : options.out;
  if (out === '') throw usageError('--out: the path is empty; give a file.');
  if (out !== undefined) checkWritable(out);
  const startedAt = new Date();
  const progress = new Progress();
  const { signal, release } = interruptible();
  try {
    const answer = await spec.run(contextOf(progress, signal), options, args);
    progress.clear();
    const json = () => `${JSON.stringify(documentOf(spec, startedAt, answer), null, 2)}\n`;
    let failure: unknown = null;
    try {
      if (out !== undefined) writeWhole(out, json());
    } catch (error) {
      failure = error;
    }
    stdout.write(options.json ? json() : `${answer.text}\n`);
    printWarnings(answer.warnings ?? []);
    if (failure !== null) throw failure;
    return signal.aborted ? 130 : (answer.exitCode ?? 0);
  } finally {
    progress.clear();
    release();
  }
}
