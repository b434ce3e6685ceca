// Writes man/tscope.1 and man/tscope-COMMAND.1 from the words of --help.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allCommands } from '../dist/cli/completion.js';
import { programFor } from '../dist/cli/program.js';

const folder = fileURLToPath(new URL('../man/', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Text as roff: backslashes and hyphens as they are typed, no line that reads as a request. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');

/** What a command prints after its options. */
function epilogue(command) {
  let printed = '';
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
  });
  command.outputHelp();
  return printed.slice(command.helpInformation().length).trim();
}

const verbatim = (lines) => [
  '.RS 4',
  '.nf',
  ...lines.map((line) => roff(line.replace(/^ {2}/, ''))),
  '.fi',
  '.RE',
];

/** A paragraph: running text, or lines set in, perhaps under a heading. */
function paragraph(block) {
  const lines = block.split('\n');
  const own = lines.filter((line) => !line.startsWith('  '));
  const inset = lines.filter((line) => line.startsWith('  '));
  if (inset.length === 0) return ['.PP', roff(lines.join('\n'))];
  if (own[0] === 'Examples:') return ['.SH EXAMPLES', ...verbatim(inset)];
  return ['.PP', roff(own.join('\n')), ...verbatim(inset)];
}

const terms = (entries) => entries.flatMap(([term, words]) => ['.TP', `.B ${roff(term)}`, roff(words)]);

function pageOf(name, command, extra) {
  const help = command.createHelp();
  const options = help
    .visibleOptions(command)
    .map((one) => [help.optionTerm(one), help.optionDescription(one)]);
  const given = help
    .visibleArguments(command)
    .map((one) => [help.argumentTerm(one), help.argumentDescription(one)]);
  const title = name.toUpperCase();
  return [
    `.TH "${roff(title)}" 1 "" "tscope ${version}" "tscope"`,
    // No hyphenation, no stretched lines: options and durations are to be copied.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${roff(name)} \\- ${roff(extra.summary)}`,
    '.SH SYNOPSIS',
    `.B ${roff(help.commandUsage(command))}`,
    '.SH DESCRIPTION',
    ...(extra.description === undefined ? [] : [roff(extra.description)]),
    ...epilogue(command)
      .split(/\n\n+/)
      .filter((block) => block !== '')
      .flatMap(paragraph),
    ...(given.length === 0 ? [] : ['.SH ARGUMENTS', ...terms(given)]),
    ...(extra.commands === undefined ? [] : ['.SH COMMANDS', ...terms(extra.commands)]),
    '.SH OPTIONS',
    ...terms(options),
    '.SH SEE ALSO',
    extra.related.map((other) => `.BR ${roff(other)} (1)`).join('\n'),
    '',
  ].join('\n');
}

const program = await programFor(undefined, () => {});
const commands = allCommands(program);
const pageNameOf = (name) => `tscope-${name.replace(' ', '-')}`;
const pages = commands.map(([name]) => pageNameOf(name));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(
  `${folder}tscope.1`,
  pageOf('tscope', program, {
    summary: 'measures the clocks and the periodic timer of an x86 host',
    description: program.description(),
    commands: commands.map(([name, command]) => [name, command.summary()]),
    related: pages,
  }),
);
for (const [words, command] of commands) {
  const name = pageNameOf(words);
  const own = command.commands.map((one) => [`${words} ${one.name()}`, one.summary()]);
  const extra = {
    summary: command.summary(),
    related: ['tscope', ...own.map(([one]) => pageNameOf(one))],
    ...(own.length > 0 && { commands: own }),
  };
  writeFileSync(`${folder}${name}.1`, pageOf(name, command, extra));
}
