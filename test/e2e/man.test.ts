import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/program.ts';
import { tscope } from './tscope.ts';

const folder = join(import.meta.dirname, '../../man');
const names = [...Object.keys(commands), 'completion'];
/** A page as its reader sees the letters. */
const read = (page: string): string =>
  readFileSync(join(folder, page), 'utf8')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '')
    .replaceAll('\\e', '\\');

const MACROS = /^\.(TH|SH|PP|TP|B|BR|RS|RE|nf|fi|nh|ad l)( |$)/;

test('there is a page for each command and one for all of them', () => {
  const pages = names.map((name) => `tscope-${name.replace(' ', '-')}.1`);
  expect(readdirSync(folder).sort()).toEqual(['tscope.1', ...pages].sort());
  for (const name of names) expect(read('tscope.1')).toContain(`\n.B ${name}\n`);
});

test.each(names)('tscope-%s(1) has every word of --help', async (name) => {
  const { stdout } = await tscope([...name.split(' '), '--help']);
  const page = read(`tscope-${name.replace(' ', '-')}.1`);
  const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
  const known = new Set(words(page));
  const missing = words(stdout).filter((word) => !known.has(word));
  // The headings of --help are other words in a manual.
  // A group's list gives each command's arguments, its page their names only.
  const headings = ['<name>', 'Usage:', 'Options:', 'Arguments:', 'Examples:', 'Commands:'];
  expect(missing.filter((word) => !headings.includes(word))).toEqual([]);
});

test('no line is taken for a request that is none', () => {
  const pages = readdirSync(folder);
  expect(pages).toContain('tscope.1');
  for (const page of pages) {
    const lines = readFileSync(join(folder, page), 'utf8').split('\n');
    for (const line of lines.filter((line) => /^[.']/.test(line))) expect(line).toMatch(MACROS);
  }
});
