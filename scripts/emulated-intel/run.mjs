// Runs tscope on an Intel host in software, on a kernel with and without the fix: see README.md beside this file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { boot } from './bochs.mjs';
import { packImage } from './image.mjs';
import { JOBS, jobsScript } from './jobs.mjs';
import { judge } from './judge.mjs';
import { buildModules } from './modules.mjs';
import { newestRelease, requirePackages, unpackKernel } from './packages.mjs';

const HELP = `node scripts/emulated-intel/run.mjs [--kernel 6.1] [--only fixed|unfixed] [--jobs NAME,...] [--cpus 2]

Boots Debian's kernel in Bochs, an emulator with VMX and its preemption timer, once with KVM's modules as shipped and
once with the clamp taken out, runs tscope inside and says whether each verdict is as it must be (exit code 1: not).
Everything lies under build/emulated-intel. Jobs: ${JOBS.map(({ name }) => name).join(', ')}.
`;
const LIMIT_MS = 14 * 60_000;

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: '6.1' },
    only: { type: 'string' },
    jobs: { type: 'string' },
    cpus: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const kinds = values.only === undefined ? ['fixed', 'unfixed'] : [values.only];
const names = values.jobs?.split(',');
const jobs = names === undefined ? JOBS : JOBS.filter(({ name }) => names.includes(name));
const cpus = Number(values.cpus);
if (
  !kinds.every((kind) => kind === 'fixed' || kind === 'unfixed') ||
  jobs.length !== (names ?? JOBS).length ||
  !(cpus === 1 || cpus === 2)
) {
  process.stderr.write(HELP);
  process.exit(2);
}

const folder = join(import.meta.dirname, '../../build/emulated-intel');
mkdirSync(folder, { recursive: true });

const seconds = () => `${Math.round(performance.now() / 1000)} s`;
const say = (text) => console.error(`${seconds().padStart(6)}  ${text}`);

function prepare(kind, series, release, kernel) {
  say(`${kind}: KVM's modules`);
  const modules = buildModules({ series, release, folder, kind });
  const iso = join(folder, `${kind}.iso`);
  const bytes = packImage({ iso, kernel, release, modules, jobs: jobsScript(jobs), cpus });
  say(`${kind}: an image of ${Math.round(bytes / 1e6)} MB; booting`);
}

try {
  const series = values.kernel;
  const release = newestRelease(series);
  requirePackages(release, series);
  const kernel = unpackKernel(release, folder);
  for (const kind of kinds) prepare(kind, series, release, kernel);
  const rows = [];
  const faults = [];
  // Bochs runs on one thread, whatever it emulates: both hosts fit two cores.
  await Promise.all(
    kinds.map(async (kind) => {
      let done = 0;
      const progress = (count) => {
        if (count > done) say(`${kind}: ${jobs[count - 1]?.name} done, ${count} of ${jobs.length}`);
        done = count;
      };
      const run = await boot({ folder, name: kind, cpus, limitMs: LIMIT_MS, progress });
      const results = join(folder, `results-${release}-${kind}`);
      mkdirSync(results, { recursive: true });
      for (const [name, text] of run.files) writeFileSync(join(results, name), text);
      const judged = judge(kind, run, jobs);
      rows.push(...judged.rows);
      faults.push(...judged.faults);
    }),
  );
  console.log(`Linux ${release} in Bochs, ${cpus} CPUs`);
  console.table(rows);
  for (const fault of faults) console.log(`not as it must be: ${fault}`);
  if (faults.length === 0) console.log('everything is as it must be');
  process.exitCode = faults.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`emulated-intel: ${error.message}`);
  process.exitCode = 1;
}
