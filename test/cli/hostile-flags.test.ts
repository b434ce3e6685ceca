// Every flag of every command with values that nobody means. The list of flags is the program's own: a new one is tried
// without being named here.
import { expect, test } from 'vitest';
import { readConfig } from '../../src/agent/config/read-config.ts';
import { SETTINGS } from '../../src/agent/config/settings.ts';
import { errorInFlags } from '../../src/cli/in-flags.ts';
import { commands, programFor } from '../../src/cli/program.ts';
import { TscopeError } from '../../src/errors.ts';

const HOSTILE = [
  'NaN',
  'Infinity',
  '1e308',
  '1e999s',
  '-1',
  '-1s',
  '',
  ' ',
  ',',
  '9'.repeat(400),
  '0x10',
  '٣s',
  '💥',
  '\u202e',
  '\u0007',
  '__proto__',
] as const;

/** Any text may name a file; what it names is looked at when the command runs. */
const FREE = /<(file|folder|place)>/;

interface Case {
  readonly command: string;
  readonly flag: string;
  readonly free: boolean;
}

const program = await programFor(undefined, () => {});
type Each = (typeof program.commands)[number];
/** A command and those that it holds, each with the words that name it. */
const leaves = (command: Each, before = ''): [string, Each][] => [
  [before + command.name(), command],
  ...command.commands.flatMap((inner) => leaves(inner, `${before}${command.name()} `)),
];
const found = (within: { readonly commands: readonly Each[] }) =>
  new Map(within.commands.flatMap((command) => leaves(command)));
const cases: Case[] = [...found(program)].flatMap(([command, { options }]) =>
  options
    .filter((option) => option.required || option.optional)
    .map((option) => ({
      command,
      flag: option.long ?? option.flags,
      free: FREE.test(option.flags),
    })),
);

/** What the words are refused with before anything runs; null where they are accepted. */
async function refusal(command: string, words: readonly string[]): Promise<TscopeError | null> {
  const parsing = await programFor(command, () => {});
  const parsed = found(parsing).get(command);
  if (parsed === undefined) throw new Error(`there is no ${command}`);
  parsed.action(() => {
    // The agent judges its settings wherever they come from.
    if (command === 'agent') readConfig({ flags: parsed.opts(), environment: {} });
  });
  for (const argument of parsed.registeredArguments) argument.required = false;
  for (const option of parsed.options) option.mandatory = false;
  try {
    await parsing.parseAsync([...command.split(' '), ...words], { from: 'user' });
    return null;
  } catch (error) {
    const said = errorInFlags(error, parsed.options);
    if (said instanceof TscopeError) return said;
    throw error;
  }
}

test('every command that has flags is tried', () => {
  expect([...new Set(cases.map(({ command }) => command))]).toEqual(Object.keys(commands));
  expect(cases.length).toBeGreaterThan(70);
});

/** Nothing at all switches a setting of the agent off that the environment or the file has on. */
const mayBeOff = (flag: string): boolean =>
  Object.entries(SETTINGS).some(
    ([name, { fallback }]) =>
      (fallback === null || fallback === '') &&
      flag === `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );

/** What may be meant: any number marks gaps; NaN may be the name of a host, a user or a database. */
const MEANT = /^stability --gap$|^agent --user$|--host-names$|--hub$|^fleet collect --db$/;

test.each(cases.map((each) => [`${each.command} ${each.flag}`, each] as const))(
  '%s: nonsense is refused with one sentence that names it',
  async (name, { command, flag, free }) => {
    for (const value of free ? [] : HOSTILE) {
      if (value === '' && command === 'agent' && mayBeOff(flag)) continue;
      const error = await refusal(command, [`${flag}=${value}`]);
      if (error === null) {
        expect(name, `'${value}' is accepted`).toMatch(MEANT);
        continue;
      }
      expect({ name, value, code: error.code }).toEqual({ name, value, code: 'USAGE' });
      expect(error.message).toContain(flag);
      expect(error.message).toMatch(/^[^\n]+\.$/);
    }
    const twice = await refusal(command, [`${flag}=x`, `${flag}=x`]);
    expect(twice?.code).toBe('USAGE');
    expect(twice?.message).toContain(flag);
  },
);

test.each(Object.keys(commands))(
  '%s: a flag that there is not, and one without its value',
  async (command) => {
    await expect(refusal(command, ['--nonsense'])).rejects.toThrow("unknown option '--nonsense'");
    const [flag] = cases.filter((each) => each.command === command).map((each) => each.flag);
    await expect(refusal(command, [flag ?? ''])).rejects.toThrow(flag);
  },
);
