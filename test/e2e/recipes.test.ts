import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';

// The recipes of the README, followed to the letter in a copy of the sources.

const root = join(import.meta.dirname, '../..');
const copy = temporaryFolder();

interface Change {
  readonly file: string;
  /** Where in the file, in the README's words. */
  readonly place: string;
  readonly code: string;
}

/** Each recipe by what it adds, with its changes in order. */
const recipes = new Map<string, readonly Change[]>(
  (/^### Recipes\n(.*?)^## /ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '')
    .split(/^\*\*To add a /m)
    .slice(1)
    .map((text) => [
      /^\w+/.exec(text)?.[0] ?? '',
      [...text.matchAll(/```ts\n\/\/ (\S+), (.+)\n([\s\S]*?)```/g)].map(
        ([, file = '', place = '', code = '']) => ({ file, place, code }),
      ),
    ]),
);

/** The places in a source that a word in backquotes names: its statement, and the longest literal in it. */
function named(source: string, name: string): { start: number; lastOfLiteral: number } {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true);
  const statement = file.statements.find(
    (one) =>
      ts.isVariableStatement(one) &&
      one.declarationList.declarations.some((declaration) => declaration.name.getText() === name),
  );
  if (statement === undefined) throw new Error(`there is no \`${name}\``);
  let longest: ts.Node | null = null;
  const visit = (node: ts.Node): void => {
    const isLiteral = ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node);
    if (isLiteral && node.getWidth() > (longest?.getWidth() ?? 0)) longest = node;
    node.forEachChild(visit);
  };
  visit(statement);
  if (longest === null) throw new Error(`\`${name}\` has no entries`);
  return { start: statement.getFullStart(), lastOfLiteral: (longest as ts.Node).getEnd() - 1 };
}

/** What the file at `path` becomes. */
function followed(path: string, { place, code }: Change): string {
  if (place === 'a new file') return code;
  const source = readFileSync(path, 'utf8');
  if (place === 'at the top') return code + source;
  const { start, lastOfLiteral } = named(source, /`(\w+)`/.exec(place)?.[1] ?? '');
  const at = place.startsWith('before ') ? start : lastOfLiteral;
  return `${source.slice(0, at)}\n${code}${source.slice(at)}`;
}

/** What a program in the copy prints. @throws Error with all of it where it fails. */
function node(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
const tscope = (...args: string[]): string =>
  node(['--import', join(root, 'test/load-typescript.mjs'), 'src/cli/main.ts', ...args]);
const resultOf = (...args: string[]) => JSON.parse(tscope(...args, '--json')).result;

beforeAll(() => {
  for (const name of [
    'src',
    'test',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'vitest.config.ts',
    'binding.gyp',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', 'build', 'native']) symlinkSync(join(root, name), join(copy, name));
  for (const change of [...recipes.values()].flat()) {
    const path = join(copy, change.file);
    writeFileSync(path, followed(path, change));
  }
}, 60_000);

test('there are four recipes, each with one place and less than ten lines outside it', () => {
  expect([...recipes.keys()]).toEqual(['policy', 'clock', 'command', 'figure']);
  for (const [name, changes] of recipes) {
    const linesOf = ({ code }: Change) => code.split('\n').length - 1;
    const main = changes[0]?.file;
    const outside = changes.filter(({ file }) => file !== main).reduce((sum, one) => sum + linesOf(one), 0);
    expect(outside, name).toBeLessThan(10);
  }
});

test('the compiler finds nothing missing', () => {
  node([
    join(root, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--incremental',
    'false',
    '-p',
    'tsconfig.build.json',
  ]);
}, 180_000);

test("the rooms' own tests still pass", () => {
  const rooms = [
    'test/lapic/policies.test.ts',
    'test/lapic/properties.test.ts',
    'test/schema',
    'test/report/kinds',
  ];
  // Texts and drawings that are asserted as wholes take up what was added.
  node([
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--update', ...rooms, 'test/architecture.test.ts'],
  ]);
}, 180_000);

test('the policy is measured, documented and drawn', async () => {
  const { rows } = resultOf('stop', '--simulate', '--stops', '1s', '--periods', '1ms');
  const of = (policy: string) => {
    const { policy: _, ...row } = rows.find((one: { policy: string }) => one.policy === policy);
    return row;
  };
  expect(of('echo')).toEqual(of('clamp'));
  const { documents } = await import(join(copy, 'src/schema/index.ts'));
  expect(JSON.stringify(documents.stop.toJSONSchema())).toContain('"echo"');
  const page = join(copy, 'page.html');
  tscope('report', join(root, 'test/report/run.json'), '--out', page);
  expect(readFileSync(page, 'utf8')).toContain('>echo</text>');
}, 60_000);

test('the clock is known to the host, or the reason why it cannot be read', () => {
  const { clocks } = resultOf('host');
  expect(clocks.map(({ name }: { name: string }) => name)).toContain('boottime_alarm');
}, 60_000);

test('the command answers in words and with a document', async () => {
  expect(tscope('uptime')).toMatch(/\n\n\d+(\.\d+)? s\n$/);
  const { documents } = await import(join(copy, 'src/schema/index.ts'));
  expect(documents.uptime.safeParse(JSON.parse(tscope('uptime', '--json'))).success).toBe(true);
}, 60_000);

test('the figure is on the page', () => {
  const page = join(copy, 'figure.html');
  tscope('report', join(root, 'test/report/run.json'), '--out', page);
  expect(readFileSync(page, 'utf8')).toContain('id="percentiles"');
}, 60_000);
