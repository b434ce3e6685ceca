// Runs tscope on an Intel host in software, on a kernel with and without the fix: see README.md beside this file.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { boot, machineOf } from './bochs.mjs';
import { fixtureOf, writeFixture } from './fixtures.mjs';
import { packImage } from './image.mjs';
import { JOBS, jobsOf, jobsScript } from './jobs.mjs';
import { judge } from './judge.mjs';
import { buildModules } from './modules.mjs';
import { optionsOf } from './options.mjs';
import { newestRelease, requirePackages, unpackKernel } from './packages.mjs';
import { secondsLeft } from './time-left.mjs';

const HELP = `node scripts/emulated-intel/run.mjs [--kernel 6.1] [--only fixed|unfixed] [--jobs NAME,...] [--cpus 2]
    [--fixtures DIR]

Boots Debian's kernel in Bochs, an emulator with VMX and its preemption timer, once with KVM's modules as shipped and
once with the clamp taken out, runs tscope inside and says whether each verdict is as it must be (exit code 1: not;
2: it could not be run). Everything lies under build/emulated-intel, and what is built there is used again.
--fixtures writes what was recorded, for the tests.

Jobs: ${JOBS.map(({ name }) => name).join(', ')}; all but the last are run where none
is named, in a quarter of an hour on two idle cores; measure takes as long again.
`;

/** Exit codes: what tscope said is not as it must be; it could not be run. */
const NOT_AS_IT_MUST_BE = 1;
const NOT_RUN = 2;

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'build/emulated-intel');

const clock = (seconds) =>
  `${String(Math.floor(seconds / 60)).padStart(2)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const now = () => performance.now() / 1000;
const say = (text) => console.error(`${clock(now())}  ${text}`);

function table(title, rows) {
  if (rows.length === 0) return;
  console.log(`\n${title}`);
  console.table(rows);
}

/** Boots one kernel, and keeps what comes out of it. */
async function emulate(kind, release, jobs, cpus) {
  const results = join(folder, `results-${release}-${kind}`);
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const started = now();
  let done = -1;
  let spent = 0;
  const progress = (count, cpuS) => {
    if (count <= done) return;
    const ended =
      done < 0
        ? 'booting'
        : jobs
            .slice(done, count)
            .map(({ name }) => name)
            .join(', ');
    say(`${kind}: ${ended} took ${Math.round(cpuS - spent)} s of CPU time`);
    spent = cpuS;
    done = count;
    const left = Math.ceil(secondsLeft(jobs, done, now() - started) / 60);
    if (done < jobs.length)
      say(`${kind}: ${jobs[done].name} (${done + 1} of ${jobs.length}), ${left} min left`);
    else say(`${kind}: the last job has ended`);
  };
  const run = await boot({ folder, name: kind, cpus, progress });
  for (const [name, text] of run.files) writeFileSync(join(results, name), text);
  return run;
}

/** What ran on one kernel, judged, and written as test data where that is asked for. */
async function judged(kind, release, jobs, { cpus, fixtures }) {
  const run = await emulate(kind, release, jobs, cpus);
  // Neither those of a host that ended early, nor those of one whose documents did not all come out whole.
  const whole = run.fault === null && jobs.every(({ name }) => run.files.has(`${name}.json`));
  if (fixtures !== undefined && whole) {
    const command = ['node scripts/emulated-intel/run.mjs', ...process.argv.slice(2)].join(' ');
    const { files } = run;
    const fixture = fixtureOf({ kind, release, machine: machineOf(cpus), command, jobs, files });
    say(`${kind}: ${writeFixture(fixtures, kind, fixture)} bytes of test data written`);
  }
  return judge(kind, run, jobs);
}

async function main(options) {
  const { series, kinds, names, cpus } = options;
  for (const path of ['dist/cli/main.js', 'build/Release/tscope_kvm.node', 'node_modules/.bin/esbuild']) {
    if (!existsSync(join(root, path))) throw new Error(`${path} is missing: run npm ci first`);
  }
  mkdirSync(folder, { recursive: true });
  const release = newestRelease(series);
  requirePackages(release, series);
  const kernel = unpackKernel(release, folder);
  // Bochs runs on one thread, whatever it emulates: both hosts fit two cores, and the first boots while the second is made.
  const judging = kinds.map((kind) => {
    say(`${kind}: KVM's modules and the image`);
    const modules = buildModules({ series, release, folder, kind });
    const jobs = jobsOf(kind, names);
    packImage({ iso: join(folder, `${kind}.iso`), kernel, release, modules, jobs: jobsScript(jobs), cpus });
    return judged(kind, release, jobs, options);
  });
  const judgements = await Promise.all(judging);
  console.log(`Linux ${release} on ${machineOf(cpus)}, ${clock(now())} min`);
  table(
    "Guests of tscope kvm and tscope measure; kernel's: the burst of apic_timer_fn in its own trace",
    judgements.flatMap(({ documents }) => documents),
  );
  table(
    "Stops recorded in full; kernel's: runs of apic_timer_fn from the resume to the last interrupt",
    judgements.flatMap(({ recordings }) => recordings),
  );
  const faults = judgements.flatMap((one) => one.faults);
  for (const fault of faults) console.log(`not as it must be: ${fault}`);
  if (faults.length === 0) console.log('everything is as it must be');
  return faults.length === 0 ? 0 : NOT_AS_IT_MUST_BE;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(`emulated-intel: ${error.message}`);
  // The other host would run on for minutes.
  process.exit(NOT_RUN);
}
