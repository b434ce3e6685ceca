import { stdout } from 'node:process';
import { Argument, type Command } from '@commander-js/extra-typings';
import { commands } from './commands.ts';

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

const wordsOf = (program: Command): Words[] =>
  program.commands
    .filter((command) => Object.hasOwn(commands, command.name()))
    .map((command) => ({
      name: command.name(),
      summary: command.summary(),
      flags: [...command.options, ...command.createHelp().visibleOptions(command)]
        .filter((option, i, all) => all.findIndex(({ long }) => long === option.long) === i)
        .flatMap(({ long, required, description }) =>
          long == null ? [] : [{ long, takesValue: required, summary: description }],
        ),
    }));

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(all: readonly Words[]): string {
  const cases = all.map(
    ({ name, flags }) => `    ${name}) flags='${flags.map(({ long }) => long).join(' ')}' ;;`,
  );
  return `_tscope() {
  local word=\${COMP_WORDS[COMP_CWORD]} flags=
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "\${COMP_WORDS[1]}" = help ]; }; then
    COMPREPLY=($(compgen -W '${all.map(({ name }) => name).join(' ')} help completion' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
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
  const cases = all.map(({ name, flags }) => {
    const specs = flags.map(({ long, takesValue, summary }) =>
      quoted(`${long}[${described(summary)}]${takesValue ? ':value:_files' : ''}`),
    );
    return `    ${name}) _arguments ${specs.join(' ')} '*:file:_files' ;;`;
  });
  return `#compdef tscope
_tscope() {
  local -a names
  names=(${all.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')} help completion)
  if (( CURRENT == 2 )) || [[ $CURRENT -eq 3 && $words[2] == help ]]; then
    _describe command names
    return
  fi
  local name=$words[2]
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
  const first = 'complete -c tscope -n __fish_use_subcommand -f';
  return [
    ...all.map(({ name, summary }) => `${first} -a ${name} -d ${quoted(summary)}`),
    `${first} -a 'help completion'`,
    `complete -c tscope -n '__fish_seen_subcommand_from help' -f -a '${all.map(({ name }) => name).join(' ')}'`,
    `complete -c tscope -n '__fish_seen_subcommand_from completion' -f -a '${SHELLS.join(' ')}'`,
    ...all.flatMap(({ name, flags }) =>
      flags.map(
        ({ long, takesValue, summary }) =>
          `complete -c tscope -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`,
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
    .command('completion')
    .summary('prints the completion script of a shell')
    .description('prints the completion script of a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell) => {
      stdout.write(SCRIPTS[shell](wordsOf(program)));
    });
}
