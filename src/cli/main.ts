#!/usr/bin/env node
// Little is imported here and the rest below, so that a module that cannot be read (a limit of open files, Node's
// permission model) becomes a sentence too.
import { exitCodeOf, TscopeError } from '../errors.ts';
import { printableLine } from '../printable.ts';
import { refusalOf } from '../system-error.ts';

const DEFECT_HINT = 'This is a defect in tscope; set TSCOPE_DEBUG=1 to see where.';

/** Ours, the system's refusal in our form, or a defect. */
const described = (error: unknown): TscopeError =>
  refusalOf(error) ??
  new TscopeError('DEFECT', `unexpected: ${error instanceof Error ? error.message : error}`, DEFECT_HINT);

/** Says what went wrong in a sentence. @returns the exit code to leave. */
function report(error: unknown): number {
  if (process.env['TSCOPE_DEBUG'] === '1') console.error(error);
  const { message, hint } = described(error);
  const name = process.stderr.isTTY && !process.env['NO_COLOR'] ? '\x1b[31mtscope:\x1b[39m' : 'tscope:';
  process.stderr.write(
    `${name} ${printableLine(message)}\n${hint === null ? '' : `  ${printableLine(hint)}\n`}`,
  );
  return exitCodeOf(described(error));
}

// A reader that went away (`| head -1`) is no error; anything measured is already in --out.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : report(error));
});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => process.exit(report(error)));

try {
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}
