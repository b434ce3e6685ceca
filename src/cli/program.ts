import { Command } from 'commander';
import { formatDuration } from '../units.ts';
import { version } from '../version.ts';
import type { CommandSpec } from './command.ts';
import { commands } from './commands.ts';
import { type CommonOptions, keepsRuns, runCommand } from './run-command.ts';

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

/**
 * The program with the command that `name` selects, or with all of them for --help and the manual.
 *
 * @param finish receives the exit code.
 */
export async function programFor(name: string | undefined, finish: (code: number) => void): Promise<Command> {
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
