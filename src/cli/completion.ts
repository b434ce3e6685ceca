import { stdout } from 'node:process';
import { Argument, type Command, type CommandUnknownOpts } from '@commander-js/extra-typings';

const COMPLETION = 'completion';
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A command's flags, and those that take a value. */
interface Words {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly {
    readonly long: string;
    readonly takesValue: boolean;
    readonly summary: string;
  }[];
}

/** The commands of a program, each before those of its group, by their whole names. */
export const allCommands = (program: Command): Array<readonly [name: string, command: CommandUnknownOpts]> =>
  program.commands.flatMap((command) => [
    [command.name(), command] as const,
    ...command.commands.map((one) => [`${command.name()} ${one.name()}`, one] as const),
  ]);

const wordsOf = (program: Command): Words[] =>
  allCommands(program)
    .filter(([name]) => name !== COMPLETION)
    .map(([name, command]) => ({
      name,
      summary: command.summary(),
      flags: [...command.options, ...command.createHelp().visibleOptions(command)]
        .filter((option, i, all) => all.findIndex(({ long }) => long === option.long) === i)
        .flatMap(({ long, required, description }) =>
          long == null ? [] : [{ long, takesValue: required, summary: description }],
        ),
    }));

/** The words that may stand first, and those that may follow each group's. */
function levels(all: readonly Words[]) {
  const first = [...new Set(all.map(({ name }) => name.split(' ')[0] ?? ''))];
  const second = new Map<string, Words[]>();
  for (const words of all) {
    const [group = '', one] = words.name.split(' ');
    if (one !== undefined) second.set(group, [...(second.get(group) ?? []), { ...words, name: one }]);
  }
  return { first, second };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(all: readonly Words[]): string {
  const { first, second } = levels(all);
  const cases = all.map(
    ({ name, flags }) => `    '${name}') flags='${flags.map(({ long }) => long).join(' ')}' ;;`,
  );
  const groups = [...second].map(
    ([group, words]) =>
      `    ${group}) key="${group} \${COMP_WORDS[2]}"; if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W '${words.map(({ name }) => name).join(' ')} --help' -- "$word")); return; fi ;;`,
  );
  return `_tscope() {
  local word=\${COMP_WORDS[COMP_CWORD]} flags= key=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "\${COMP_WORDS[1]}" = help ]; }; then
    COMPREPLY=($(compgen -W '${first.join(' ')} help completion' -- "$word"))
    return
  fi
  case $key in
${groups.join('\n')}
  esac
  case $key in
${cases.join('\n')}
    completion) COMPREPLY=($(compgen -W '${SHELLS.join(' ')}' -- "$word")); return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _tscope tscope
`;
}

function zsh(all: readonly Words[]): string {
  const described = (text: string) => text.replaceAll(/[[\]:\\]/g, '\\$&');
  const { first, second } = levels(all);
  const summaryOf = (name: string) => all.find((one) => one.name === name)?.summary ?? '';
  const groups = [...second].map(
    ([group, words]) =>
      `    ${group}) if (( CURRENT == 3 )); then names=(${words.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')}); _describe command names; return; fi; name="${group} $words[3]"; shift words; (( CURRENT-- )) ;;`,
  );
  const cases = all.map(({ name, flags }) => {
    const specs = flags.map(({ long, takesValue, summary }) =>
      quoted(`${long}[${described(summary)}]${takesValue ? ':value:_files' : ''}`),
    );
    return `    ${quoted(name)}) _arguments ${specs.join(' ')} '*:file:_files' ;;`;
  });
  return `#compdef tscope
_tscope() {
  local -a names
  names=(${first.map((name) => quoted(`${name}:${summaryOf(name)}`)).join(' ')} help completion)
  if (( CURRENT == 2 )) || [[ $CURRENT -eq 3 && $words[2] == help ]]; then
    _describe command names
    return
  fi
  local name=$words[2]
  case $name in
${groups.join('\n')}
  esac
  shift words; (( CURRENT-- ))
  case $name in
${cases.join('\n')}
    completion) _values shell ${SHELLS.join(' ')} ;;
  esac
}
compdef _tscope tscope
`;
}

function fish(all: readonly Words[]): string {
  const { first, second } = levels(all);
  const start = 'complete -c tscope -n __fish_use_subcommand -f';
  const summaryOf = (name: string) => all.find((one) => one.name === name)?.summary ?? '';
  const seen = (name: string) =>
    name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ');
  return [
    ...first.map((name) => `${start} -a ${name} -d ${quoted(summaryOf(name))}`),
    `${start} -a 'help completion'`,
    ...[...second].flatMap(([group, words]) =>
      words.map(
        ({ name, summary }) =>
          `complete -c tscope -n '__fish_seen_subcommand_from ${group}' -f -a ${name} -d ${quoted(summary)}`,
      ),
    ),
    `complete -c tscope -n '__fish_seen_subcommand_from help' -f -a '${first.join(' ')}'`,
    `complete -c tscope -n '__fish_seen_subcommand_from completion' -f -a '${SHELLS.join(' ')}'`,
    ...all.flatMap(({ name, flags }) =>
      flags.map(
        ({ long, takesValue, summary }) =>
          `complete -c tscope -n '${seen(name)}' -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`,
      ),
    ),
    '',
  ].join('\n');
}

const SCRIPTS = { bash, zsh, fish };

const HELP = `
Prints what the shell needs to complete tscope's commands and flags.

Examples:
  source <(tscope completion bash)                          in ~/.bashrc; the same with zsh, after compinit
  tscope completion fish > ~/.config/fish/completions/tscope.fish`;

/** Adds `tscope completion SHELL` to a program that has all commands. */
export function addCompletion(program: Command): void {
  program
    .command(COMPLETION)
    .summary('prints the completion script of a shell')
    .description('prints the completion script of a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell) => {
      stdout.write(SCRIPTS[shell](wordsOf(program)));
    });
}
