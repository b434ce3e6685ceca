import { writeSync } from 'node:fs';
import { Command, CommanderError, Help, type Option } from '@commander-js/extra-typings';
import { exitCodeOf, systemCode, TscopeError, usageError } from '../errors.ts';
import { fileError, refusalOf } from '../system-error.ts';
import { formatDuration } from '../units.ts';
import { version } from '../version.ts';
import { type CommandSpec, keepsRuns, runCommand } from './command.ts';
import { addCompletion } from './completion.ts';
import { errorInFlags } from './in-flags.ts';
import { errorText } from './style.ts';

type Load = () => Promise<{ command: CommandSpec }>;

/** Every command, in the order of `tscope --help`. Only the one that runs is loaded. */
export const commands: Readonly<Record<string, Load>> = {
  measure: () => import('./measure.ts'),
  host: () => import('./host.ts'),
  calibrate: () => import('./calibrate.ts'),
  timer: () => import('./timer.ts'),
  drift: () => import('./drift.ts'),
  stop: () => import('./stop.ts'),
  replay: () => import('./replay.ts'),
  stability: () => import('./stability.ts'),
  kvm: () => import('./kvm.ts'),
  agent: () => import('./agent.ts'),
  runs: () => import('./runs.ts'),
  fleet: () => import('./fleet/overview.ts'),
  'fleet hosts': () => import('./fleet/hosts.ts'),
  'fleet host': () => import('./fleet/host.ts'),
  'fleet outliers': () => import('./fleet/outliers.ts'),
  'fleet events': () => import('./fleet/events.ts'),
  'fleet kernels': () => import('./fleet/kernels.ts'),
  'fleet init': () => import('./fleet/init.ts'),
  'fleet collect': () => import('./fleet/collect.ts'),
  report: () => import('./report.ts'),
  compare: () => import('./compare.ts'),
};

const DESCRIPTION =
  "Measures the clocks and the periodic timer of this x86 host: the TSC's true rate, how the clocks drift, what " +
  "KVM's emulated LAPIC timer does after a long stop under each policy, and what that costs.";

const EPILOGUE = `
Durations are a number and a unit: 200us, 1.5s, 30d (ns us ms s min h d).
Exit codes: 0 done; 1 done, with a bad verdict; 2 usage or bad input; 3 this host cannot do it, or the system refused;
70 a defect of tscope; 130 interrupted, after saving what was measured so far.
Start with \`tscope measure\`; \`tscope help COMMAND\` explains each command.`;

/** A default as a user would type it; commander prints JSON, which has no durations. */
function describeDefault(value: unknown): string | undefined {
  if (typeof value === 'bigint') return formatDuration(value);
  if (typeof value === 'string') return value;
  return Array.isArray(value)
    ? value.map((item) => describeDefault(item) ?? String(item)).join(',')
    : undefined;
}

/** Makes errors of an option's parser begin with the option's flag. */
function nameInErrors(option: Option): void {
  const parse = option.parseArg;
  if (parse === undefined) return;
  option.argParser((text: string, previous: unknown) => {
    try {
      return parse(text, previous);
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      throw usageError(`${option.long}: ${error.message}`, error.hint);
    }
  });
}

/** Refuses a flag with a value that is given twice: one would be lost silently. */
function onlyOnce(command: { on(event: string, heard: () => void): unknown }, option: Option): void {
  if (option.variadic || !(option.required || option.optional)) return;
  let count = 0;
  command.on(`option:${option.name()}`, () => {
    count += 1;
    if (count > 1) throw usageError(`${option.long}: give it once.`);
  });
}

/** Adds one command to the program. `finish` receives the exit code. */
function register(program: Command, defined: CommandSpec, finish: (code: number) => void): void {
  const [first = '', second] = defined.name.split(' ');
  const group = program.commands.find((known) => known.name() === first) as Command | undefined;
  const own =
    second === undefined ? program.command(first) : (group ?? program.command(first)).command(second);
  const command = defined.configure(own.summary(defined.summary).description(defined.summary));
  command.option('--json', 'print the result as one JSON document');
  if (defined.out !== 'own')
    command.option('--out <file>', 'also write the JSON document to <file>; - is standard output');
  if (keepsRuns(defined))
    command.option('--db <file>', 'also keep the run in this store (see `tscope runs`)');
  for (const option of command.options) {
    const described = option.defaultValueDescription ?? describeDefault(option.defaultValue);
    if (described !== undefined) option.default(option.defaultValue, described);
    nameInErrors(option);
    onlyOnce(command, option);
  }
  // The group would take the flags, wherever they stand, and the command have none.
  command.hook('preSubcommand', (group, chosen) => {
    const line = `tscope ${group.name()} ${chosen.name()}`;
    throw usageError(`give the flags after \`${line}\`.`, `\`${line} --help\` shows what is accepted.`);
  });
  command.action(async () => {
    try {
      finish(await runCommand(defined, command));
    } catch (error) {
      throw errorInFlags(error, command.options);
    }
  });
}

/**
 * The program with the command that `name` selects, or with all of them for --help, the manual and completion.
 *
 * @param finish receives the exit code.
 */
export async function programFor(name: string | undefined, finish: (code: number) => void): Promise<Command> {
  const program = new Command('tscope').description(DESCRIPTION).addHelpText('after', EPILOGUE);
  program.version(version).helpCommand('help [command]', 'the same as COMMAND --help');
  program.exitOverride().configureOutput({ writeErr: () => {} });
  // The description of a flag says what it means without its value.
  const { optionDescription } = new Help();
  program.configureHelp({
    optionDescription: (option) => optionDescription(option).replace(/ \(preset: [^)]*\)$/, ''),
  });
  const all = Object.keys(commands);
  const own = all.filter((key) => key === name || key.startsWith(`${name} `));
  const selected = own.length > 0 ? own : all;
  for (const key of selected) {
    const loaded = await commands[key]?.();
    if (loaded !== undefined) register(program, loaded.command, finish);
  }
  addCompletion(program);
  return program;
}

/** Commander's complaint in the form of ours. */
function usageErrorOf({ message, code }: CommanderError, name: string): TscopeError {
  const command = Object.hasOwn(commands, name) ? `tscope ${name}` : 'tscope';
  const sentence = message
    .replace(/^error: /, '')
    .replace(/\.?\n/g, ' ')
    .replace(/\.$/, '');
  // `tscope fleet --db FILE hosst`: commander takes the word for an argument.
  const group =
    isGroup(name) && code === 'commander.excessArguments' ? `; its commands are ${commandsOf(name)}` : '';
  return usageError(`${sentence}${group}.`, `\`${command} --help\` shows what is accepted.`);
}

const isGroup = (name: string): boolean => Object.keys(commands).some((key) => key.startsWith(`${name} `));

/**
 * `help fleet hosts`, and a group's `fleet help hosts`, as `fleet hosts --help`: commander's own `help` takes one word.
 *
 * @throws TscopeError USAGE where no command is named so.
 */
function helpInFlags(args: readonly string[]): readonly string[] {
  const [first = '', second] = args;
  if (first !== 'help' && !(isGroup(first) && second === 'help')) return args;
  const asked = args.filter((word) => word !== 'help' && word !== '--help');
  const name = asked.join(' ');
  if (name === '' || name === 'completion' || Object.hasOwn(commands, name)) return [...asked, '--help'];
  throw usageError(`there is no command '${name}' to help with.`, '`tscope --help` lists the commands.');
}

/** What a group has, as in `hosts, host, outliers`. */
const commandsOf = (group: string): string =>
  Object.keys(commands)
    .flatMap((key) => (key.startsWith(`${group} `) ? key.slice(group.length + 1) : []))
    .join(', ');

/**
 * The words up to the one that names no command, so that it is refused whatever flags follow: with --help commander would
 * show the help of the commands that it knows.
 *
 * @throws TscopeError USAGE for a command that a group does not have: commander would say that it takes no argument.
 */
function upToUnknown(args: readonly string[]): readonly string[] {
  const [first = '-', second = '-'] = args;
  const isUnknown = (word: string, name: string): boolean =>
    !word.startsWith('-') && name !== 'completion' && !Object.hasOwn(commands, name);
  if (isUnknown(first, first)) return [first];
  if (!isGroup(first) || !isUnknown(second, `${first} ${second}`)) return args;
  throw usageError(
    `tscope ${first} has no command '${second}'; it has ${commandsOf(first)}.`,
    `\`tscope ${first} --help\` explains them.`,
  );
}

/**
 * Runs the command that `args` name; without any it prints the help.
 *
 * @returns the exit code.
 * @throws TscopeError for what is wrong with the words, and as the command throws it.
 */
async function runProgram(given: readonly string[]): Promise<number> {
  const args = upToUnknown(helpInFlags(given));
  const words = args.slice(0, 2).join(' ');
  const name = Object.hasOwn(commands, words) ? words : (args[0] ?? '');
  let exitCode = 0;
  const program = await programFor(name, (code) => {
    exitCode = code;
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageErrorOf(error, name);
  }
  return exitCode;
}

const DEFECT_HINT = 'This is a defect in tscope; set TSCOPE_DEBUG=1 to see where.';

/** Ours, the system's refusal in our form, or a defect. */
const described = (error: unknown): TscopeError =>
  refusalOf(error) ??
  new TscopeError('DEFECT', `unexpected: ${error instanceof Error ? error.message : error}`, DEFECT_HINT);

/** Node's stream cannot be made where the system refuses what it asks about a descriptor. */
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
    return await runProgram(args);
  } catch (error) {
    // A part of the installation is missing; main.ts says so.
    if (systemCode(error) === 'ERR_MODULE_NOT_FOUND') throw error;
    return report(error);
  }
}
