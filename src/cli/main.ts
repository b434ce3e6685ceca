#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { exitCodeOf, TscopeError } from '../errors.ts';
import { formatDuration } from '../units.ts';
import { version } from '../version.ts';
import type { CommandSpec } from './command.ts';
import { commands } from './commands.ts';
import { type CommonOptions, keepsRuns, runCommand } from './run-command.ts';
import { errorText } from './style.ts';

const DESCRIPTION =
  "Measures the clocks and the periodic timer of this x86 host: the TSC's true rate, how the clocks drift, what " +
  "KVM's emulated LAPIC timer does after a long stop under each policy, and what that costs.";

const EPILOGUE = `
Durations are a number and a unit: 200us, 1.5s, 30d (ns us ms s m h d).
Exit codes: 0 done; 1 done, with a bad verdict; 2 usage or bad input; 3 this host cannot do it; 130 interrupted.
Start with \`tscope measure\`; \`tscope COMMAND --help\` explains each command.`;

/** A default as a user would type it; commander prints JSON, which has no durations. */
function describeDefault(value: unknown): string | undefined {
  if (typeof value === 'bigint') return formatDuration(value);
  if (typeof value === 'string') return value;
  return Array.isArray(value)
    ? value.map((item) => describeDefault(item) ?? String(item)).join(',')
    : undefined;
}

/** Adds one command to the program. `finish` receives the exit code. */
function register(program: Command, spec: CommandSpec, finish: (code: number) => void): void {
  const command = program.command(spec.name).summary(spec.summary).description(spec.summary);
  spec.configure(command);
  command.option('--json', 'print the result as one JSON document');
  if (spec.out !== 'own') command.option('--out <file>', 'also write the JSON document to <file>');
  if (keepsRuns(spec)) command.option('--db <file>', 'also keep the run in this store (see `tscope runs`)');
  for (const option of command.options) {
    const described = option.defaultValueDescription ?? describeDefault(option.defaultValue);
    if (described !== undefined) option.default(option.defaultValue, described);
  }
  command.action(async () => {
    finish(await runCommand(spec, command.opts<CommonOptions>(), command.args));
  });
}

/** The program with the command that `name` selects, or with all of them for --help. */
async function programFor(name: string | undefined, finish: (code: number) => void): Promise<Command> {
  const program = new Command('tscope').description(DESCRIPTION).addHelpText('after', EPILOGUE);
  program.version(version).helpCommand(false);
  program.exitOverride().configureOutput({ writeErr: () => {} });
  const selected = name !== undefined && Object.hasOwn(commands, name) ? [name] : Object.keys(commands);
  for (const key of selected) {
    const loaded = await commands[key]?.();
    if (loaded !== undefined) register(program, loaded.command as CommandSpec, finish);
  }
  return program;
}

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
