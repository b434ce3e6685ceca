import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

// The house: a room may import from itself and from the rooms of the floors below it.
const FLOORS: readonly string[][] = [
  ['cli'],
  ['fleet'],
  ['agent'],
  ['report'],
  ['tasks'],
  ['kvm'],
  ['schema'],
  ['store'],
  ['lapic', 'tsc', 'stability', 'records'],
  ['host'],
  ['clock'],
  [
    'native',
    'backoff',
    'units',
    'statistics',
    'circle',
    'folder',
    'out-file',
    'sibling',
    'small-file',
    'text-file',
    'thread',
  ],
  ['system-error', 'printable', 'digits'],
  ['errors', 'warning', 'version'],
];
// Pure rooms: neither Node nor a host, nor the documents.
const PURE = ['lapic', 'stability', 'records', 'units', 'digits', 'errors'];

const root = join(import.meta.dirname, '../src');
const roomOf = (file: string): string => relative(root, file).split('/')[0]?.replace(/\.ts$/, '') ?? '';
const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room));

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(root, name));

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\(|import) ?'([^']+)'/g)].map(
    ([, path]) => path ?? '',
  );

test.each(files.map((file) => [relative(root, file), file]))('%s imports downwards only', (name, file) => {
  const room = roomOf(file);
  if (room === 'exports') return;
  expect(floorOf(room), `the room of ${name} is not in the house`).toBeGreaterThanOrEqual(0);
  for (const path of importsOf(file).filter((path) => path.startsWith('.'))) {
    const target = roomOf(resolve(file, '..', path));
    const downwards = target === room || floorOf(target) > floorOf(room);
    expect(downwards, `${name} imports ${target}`).toBe(true);
  }
});

test('the pure rooms use no Node module, no package and no addon', () => {
  for (const file of files.filter((file) => PURE.includes(roomOf(file)))) {
    for (const path of importsOf(file)) {
      expect(path, `${relative(root, file)} imports ${path}`).toMatch(/^\.\.?\//);
      expect(['native', 'schema', 'host', 'tasks']).not.toContain(roomOf(resolve(file, '..', path)));
    }
  }
});

test('the report neither measures nor runs the model', () => {
  const RUNNING =
    /^\/(?:native|clock|host|tsc|kvm|tasks|store|thread|lapic\/(?!policies|catch-up|virtual-host))\b/;
  for (const file of files.filter((file) => roomOf(file) === 'report')) {
    const source = readFileSync(file, 'utf8');
    for (const [, path = ''] of source.matchAll(/^(?:import|export) (?!type )[^;']*'(\.[^']+)';/gm))
      expect(resolve(file, '..', path).slice(root.length), relative(root, file)).not.toMatch(RUNNING);
  }
});

test('only one file loads addons', () => {
  const loading = files.filter((file) => /\.node['"`]/.test(readFileSync(file, 'utf8')));
  expect(loading.map((file) => relative(root, file))).toEqual(['native.ts']);
});

// The schemas and their library would take 5 MB of an agent's memory for months.
test('an agent loads no schema', () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const source = readFileSync(file, 'utf8');
    for (const [, path = ''] of source.matchAll(/^(?:import|export) (?!type )[^;']*'([^']+)';/gm)) {
      if (path.startsWith('.')) load(resolve(file, '..', path));
      else loaded.add(path);
    }
  };
  const threads = ['agent/sampling/thread.ts', 'agent/storing/thread.ts'];
  for (const name of ['cli/program.ts', 'cli/agent.ts', 'agent/agent.ts', ...threads]) load(join(root, name));
  expect(loaded).toContain('@commander-js/extra-typings');
  expect(loaded).not.toContain('zod');
});

test('no file imports one that imports it', () => {
  const imports = new Map(
    files.map((file) => [file, importsOf(file).map((path) => resolve(file, '..', path))] as const),
  );
  // What imports only what is left out already is left out, until nothing is left or a circle is.
  let left = files;
  for (let before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter((file) => imports.get(file)?.some((path) => left.includes(path)));
  }
  expect(left).toEqual([]);
});
