#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodeOf, TscopeError } from '../errors.ts';
import { commands } from './commands.ts';
import { programFor } from './program.ts';
import { errorText } from './style.ts';

/** Commander's complaint in the form of ours. */
function usageErrorOf({ code, message }: CommanderError): TscopeError {
  if (code === 'commander.help') return new TscopeError('USAGE', 'no command; `tscope --help` lists them.');
  const name = process.argv[2] ?? '';
  const command = Object.hasOwn(commands, name) ? `tscope ${name}` : 'tscope';
  const sentence = message.replace(/^error: /, '').replace(/\.?\n/g, ' ');
  return new TscopeError('USAGE', `${sentence}.`, `\`${command} --help\` shows what is accepted.`);
}

/** What to print and which exit code to leave, for whatever was thrown. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : report(usageErrorOf(error));
  }
  if (process.env['TSCOPE_DEBUG'] === '1') console.error(error);
  if (error instanceof TscopeError) {
    process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = 'This is a defect in tscope; set TSCOPE_DEBUG=1 to see where.';
  process.stderr.write(`${errorText(new TscopeError('DEFECT', `unexpected: ${message}`, hint))}\n`);
  return 70;
}

// A reader that went away (`| head -1`) is no error; anything measured is already in --out.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
process.stderr.on('error', () => {});

try {
  const program = await programFor(process.argv[2], (code) => {
    process.exitCode = code;
  });
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
