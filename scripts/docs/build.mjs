// Gathers the site into build/docs: `node scripts/docs/build.mjs [--pages]`, after `npm run build`. The READMEs of the rooms, the
// guides, the words of --help, the metrics and the schemas become Markdown in build/docs-pages; TypeDoc makes pages of them
// beside the library's reference. --pages stops before TypeDoc. A link to a file that is not there ends it with 1.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMetrics } from '../../dist/agent/http/metrics.js';
import { initialState } from '../../dist/agent/state.js';
import { allCommands } from '../../dist/cli/completion.js';
import { programFor } from '../../dist/cli/program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = join(ROOT, 'build/docs-pages');
const BLOB = 'https://github.com/tscope/tscope/blob/main/';

/** The method pages, in the order of the site. */
const METHODS = [
  ['calibration', 'How the TSC is calibrated', 'src/tsc/README.md'],
  ['model', "The model of KVM's timer", 'src/lapic/README.md'],
  ['stall-experiment', 'The stall experiment', 'src/kvm/README.md'],
  ['stability', 'How stability is analysed', 'src/stability/README.md'],
  ['records', 'Records and logs that are read', 'src/records/README.md'],
  ['figures', "What each figure's uncertainty is", 'src/report/README.md'],
  ['agent', 'The agent', 'src/agent/README.md'],
  ['fleet', 'The fleet', 'src/fleet/README.md'],
  ['benchmarks', 'Benchmarks', 'scripts/bench/README.md'],
  ['emulated-intel', 'An Intel host in software', 'scripts/emulated-intel/README.md'],
];

const pages = new Map();
const page = (path, title, text) =>
  pages.set(path, `---\ntitle: ${JSON.stringify(title)}\n---\n\n${text.trim()}\n`);

/** What a command prints for --help. */
function helpOf(command) {
  let printed = '';
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
  });
  command.outputHelp();
  return printed;
}

async function gather() {
  for (const [name, title, file] of METHODS) page(`methods/${name}.md`, title, moved(file));
  const guides = readdirSync(join(ROOT, 'scripts/docs/guides'));
  for (const name of guides) pages.set(`guides/${name}`, moved(`scripts/docs/guides/${name}`));
  for (const [name, command] of allCommands(await programFor(undefined, () => {}))) {
    const text = `# tscope ${name}\n\n${command.summary()}.\n\n\`\`\`text\n${helpOf(command)}\`\`\``;
    page(`commands/${name.replace(' ', '-')}.md`, `tscope ${name}`, text);
  }
  page('metrics.md', 'Metrics', metricsPage());
  for (const name of readdirSync(join(ROOT, 'schema'))) {
    const schema = JSON.parse(readFileSync(join(ROOT, 'schema', name), 'utf8'));
    page(`json/${name.replace(/\.json$/, '.md')}`, schema.title, schemaPage(schema, name));
  }
  page('json.md', 'JSON documents', jsonPage());
}

function metricsPage() {
  const nothing = { ok: true, reason: null, code: null, since: null, failures: 0 };
  const health = () => ({
    status: 'ok',
    sampling: nothing,
    store: nothing,
    samples: { taken: 0, stored: 0, waiting: 0, dropped: {} },
  });
  const view = { state: initialState(new Date(0)), health, storeBytes: () => null, liveClients: () => 0 };
  const rows = createMetrics(view)
    .registry.getMetricsAsArray()
    .map(
      ({ name, help, type, labelNames = [] }) =>
        `| \`${name}\` | ${type} | ${labelNames.join(', ')} | ${help.replaceAll('|', '\\|')} |`,
    );
  return `# Metrics\n\nWhat the agent's \`/metrics\` has; the same go to \`--textfile\` and \`--otlp\`.\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

/** The members of a schema, one a row, nested ones with their path. */
function rowsOf(schema, path = '') {
  const own = schema.anyOf?.find(({ type }) => type === 'object' || type === 'array') ?? schema;
  if (own.type === 'array') return rowsOf(own.items ?? {}, `${path}[]`);
  return Object.entries(own.properties ?? {}).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [
      `| \`${at}\` | ${typeOf(member)} | ${(member.description ?? '').replaceAll('|', '\\|')} |`,
      ...rowsOf(member, at),
    ];
  });
}

function typeOf({ type, anyOf, oneOf, const: only, enum: values, items }) {
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (values !== undefined) return values.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (type === 'array') return `array of ${typeOf(items ?? {})}`;
  if (type !== undefined) return String(type);
  return (anyOf ?? oneOf ?? []).map(typeOf).join(' or ') || 'any';
}

const schemaPage = (schema, file) =>
  `# ${schema.title}\n\n[The schema](${BLOB}schema/${file}). Units are in the names: \`Ns\`, \`Hz\`, \`Ratio\` (1e-6 is one ppm).\n\n| member | type | meaning |\n| --- | --- | --- |\n${rowsOf(schema).join('\n')}`;

const jsonPage = () => `# JSON documents

Every command writes its document with \`--json\` or \`--out FILE\`; the package has a JSON Schema for each kind (\`tscope/schema/KIND.json\`).

Within version 1 of a kind nothing that is there changes its meaning, goes or gets another type; what is new may be added, so
that a reader should ignore members that it does not know. What would break a reader makes version 2.`;

/** A README with its links as they are from where the page will be: to the repository. */
function moved(file) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return text.replace(/\]\((?!https?:|#)([^)\s#]+)(#[^)]*)?\)/g, (_, path, anchor = '') => {
    const target = resolve(ROOT, dirname(file), path);
    if (!existsSync(target)) broken.push(`${file}: ${path}`);
    return `](${BLOB}${relative(ROOT, target)}${anchor})`;
  });
}

const broken = [];
await gather();
moved('README.md');
moved('CHANGELOG.md');
rmSync(PAGES, { recursive: true, force: true });
for (const [path, text] of pages) {
  const file = join(PAGES, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
console.log(`${pages.size} pages`);
if (broken.length > 0) {
  console.error(`links to files that are not there:\n${broken.join('\n')}`);
  process.exit(1);
}
if (!process.argv.includes('--pages')) {
  const documents = [...pages.keys()].flatMap((path) => ['--projectDocuments', join(PAGES, path)]);
  const args = [
    '--options',
    '.config/typedoc.json',
    '--readme',
    'README.md',
    '--out',
    'build/docs',
    ...documents,
  ];
  const { status } = spawnSync(process.execPath, ['node_modules/typedoc/bin/typedoc', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
