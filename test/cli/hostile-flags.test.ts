// Every flag of every command with values that nobody means. The list of flags is the program's own: a new one is tried
// without being named here.
import { expect, test } from 'vitest';
import { readConfig } from '../../src/agent/config/read-config.ts';
import { commands } from '../../src/cli/commands.ts';
import { programFor, runProgram } from '../../src/cli/program.ts';
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
const FREE = /<(file|folder)>/;

interface Case {
  readonly command: string;
  readonly flag: string;
  readonly free: boolean;
}

const program = await programFor(undefined, () => {});
const cases: Case[] = program.commands.flatMap((command) =>
  command.options
    .filter((option) => option.required || option.optional)
    .map((option) => ({
      command: command.name(),
      flag: option.long ?? option.flags,
      free: FREE.test(option.flags),
    })),
);

/** What the words are refused with before anything runs; null where they are accepted. */
async function refusal(command: string, words: readonly string[]): Promise<TscopeError | null> {
  const parsing = await programFor(command, () => {});
  const parsed = parsing.commands.find((candidate) => candidate.name() === command);
  if (parsed === undefined) throw new Error(`there is no ${command}`);
  parsed.action(() => {
    // The agent judges its settings wherever they come from.
    if (command === 'agent') readConfig({ flags: parsed.opts(), environment: {} });
  });
  for (const argument of parsed.registeredArguments) argument.required = false;
  try {
    await parsing.parseAsync([command, ...words], { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof TscopeError) return error;
    throw error;
  }
}

test('every command that has flags is tried', () => {
  expect([...new Set(cases.map(({ command }) => command))]).toEqual(Object.keys(commands));
  expect(cases.length).toBeGreaterThan(70);
});

/** What may be meant: any number marks gaps; NaN may be the name of a host or a user. */
const MEANT = new Set(['stability --gap', 'agent --host-names', 'agent --user']);

test.each(cases.map((each) => [`${each.command} ${each.flag}`, each] as const))(
  '%s: nonsense is refused with one sentence that names it',
  async (name, { command, flag, free }) => {
    for (const value of free ? [] : HOSTILE) {
      // Nothing at all switches a setting of the agent off that the environment or the file has on.
      if (command === 'agent' && value === '') continue;
      const error = await refusal(command, [`${flag}=${value}`]);
      if (error === null) {
        expect(MEANT, `${name} '${value}' is accepted`).toContain(name);
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
    await expect(runProgram([command, '--nonsense'])).rejects.toThrow("unknown option '--nonsense'");
    const [flag] = cases.filter((each) => each.command === command).map((each) => each.flag);
    await expect(runProgram([command, flag ?? ''])).rejects.toThrow(flag);
  },
);
