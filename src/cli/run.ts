import { writeSync } from 'node:fs';
import { exitCodeOf, systemCode, TscopeError } from '../errors.ts';
import { fileError, refusalOf } from '../system-error.ts';
import { errorText } from './style.ts';

const DEFECT_HINT = 'This is a defect in tscope; set TSCOPE_DEBUG=1 to see where.';

/** Ours, the system's refusal in our form, or a defect. */
const described = (error: unknown): TscopeError =>
  refusalOf(error) ??
  new TscopeError('DEFECT', `unexpected: ${error instanceof Error ? error.message : error}`, DEFECT_HINT);

/** Node's stream may not be had where the system refuses what it asks about a descriptor. */
function complain(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    writeSync(2, text);
  }
}

/** Says what went wrong in a sentence. @returns the exit code to leave. */
function report(error: unknown): number {
  if (process.env['TSCOPE_DEBUG'] === '1') console.error(error);
  const known = described(error);
  complain(`${errorText(known)}\n`);
  return exitCodeOf(known);
}

/** Runs the command that `args` name, and says what went wrong. @returns the exit code to leave. */
export async function run(args: readonly string[]): Promise<number> {
  process.on('uncaughtException', (error) => process.exit(report(error)));
  try {
    // A reader that went away (`| head -1`) is no error; anything measured is already in --out.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? 0 : report(fileError('cannot write standard output', error)));
    });
    process.stderr.on('error', () => {});
    const { runProgram } = await import('./program.ts');
    return await runProgram(args);
  } catch (error) {
    // Of an installation that lacks a part; whoever loads this says so.
    if (systemCode(error) === 'ERR_MODULE_NOT_FOUND') throw error;
    return report(error);
  }
}
