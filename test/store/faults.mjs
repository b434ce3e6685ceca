// Fails the first, the second ... system call of one job, until the job is done without meeting a fault. After each, the
// store is opened without faults, and what the job had acknowledged must be there. Argument: the job.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readDocument } from '../../src/cli/read-document.ts';
import { quietControl } from '../../src/clock/control.ts';
import { TscopeError } from '../../src/errors.ts';
import { writeWhole } from '../../src/out-file.ts';
import { reportPage } from '../../src/report/page.ts';
import { connect } from '../../src/store/connection.ts';
import { exportStore } from '../../src/store/export.ts';
import { importInto } from '../../src/store/import.ts';
import { MIGRATIONS, migrate } from '../../src/store/migrations.ts';
import { endRun, listRuns, startRun } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { addSeries } from '../../src/store/series.ts';
import { openStore, openStoreToRead } from '../../src/store/store.ts';

const T0 = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const { TSCOPE_FAULT_FOLDER: folder, TSCOPE_FAULT_CONTROL: controlFile } = process.env;
const control = openSync(controlFile, 'r+');

/** Fails the `n`th call from now on; 0 for none. */
function arm(n) {
  writeSync(control, new Int32Array([n, 0]), 0, 8, 0);
}
function calls() {
  const words = new Int32Array(2);
  readSync(control, words, 0, 8, 0);
  return words[1];
}

const samples = (from, count) =>
  Array.from({ length: count }, (_, i) => {
    const k = from + i;
    return { atNs: T0 + BigInt(k) * SECOND, offsetNs: k / 4, windowNs: 20 };
  });

function filled(path, count) {
  const store = openStore(path);
  const host = { key: 'machine-1', name: 'one', facts: null };
  const run = startRun(store, { host, command: 'agent', startedAtNs: T0, options: null }).id;
  const pair = { clock: 'tsc', reference: 'monotonic_raw', independent: null, reason: '', originNs: 0n };
  const series = addSeries(store, run, pair);
  if (count > 0)
    appendSamples(
      store,
      samples(0, count).map((sample) => [series, sample]),
    );
  store.close();
}

/** Samples in the store, which must be the first this many, each as it was written. */
function stored(path) {
  const store = openStoreToRead(path);
  const found = samplesOf(store, 1, 0n, 1e6);
  if (store.damage.count > 0) throw new Error(`damaged: ${JSON.stringify(store.damage.all[0].what)}`);
  store.close();
  const right = samples(0, found.length);
  for (const [i, { atNs, offsetNs }] of found.entries()) {
    if (atNs !== right[i].atNs || offsetNs !== right[i].offsetNs) throw new Error(`sample ${i} is wrong`);
  }
  return found.length;
}

const [OLD, NEW] = ['old'.repeat(1000), 'new'.repeat(100_000)];
const RUN = join(import.meta.dirname, '../report/run.json');

const JOBS = {
  record: {
    prepare: (place) => filled(join(place, 'a.db'), 1270),
    act: (place, acknowledge) => {
      const store = openStore(join(place, 'a.db'));
      try {
        // The second batch fills a block.
        for (let at = 1270; at < 1300; at += 10) {
          appendSamples(
            store,
            samples(at, 10).map((sample) => [1, sample]),
          );
          acknowledge(at + 10);
        }
      } finally {
        store.close();
      }
    },
    check: (place, acknowledged) => {
      const found = stored(join(place, 'a.db'));
      const least = acknowledged ?? 1270;
      if (found !== least && found !== least + 10) throw new Error(`${found} stored, ${least} acknowledged`);
    },
  },
  migrate: {
    prepare: (place) => {
      const path = join(place, 'old.db');
      const connection = connect(path, path);
      migrate(connection, MIGRATIONS.slice(0, 1));
      connection.exec('PRAGMA journal_mode = WAL');
      connection.run("INSERT INTO host VALUES (1, 'h', 'h', NULL)");
      connection.run("INSERT INTO run VALUES (1, 'r', 1, 'agent', 1, NULL, NULL, NULL)");
      connection.run("INSERT INTO series VALUES (1, 1, 'tsc', 'monotonic_raw', NULL, '', 0, NULL)");
      connection.exec('BEGIN');
      for (const { atNs, offsetNs, windowNs } of samples(0, 1500)) {
        connection.run('INSERT INTO sample VALUES (1, ?, ?, ?)', atNs, offsetNs, windowNs);
      }
      connection.exec('COMMIT');
      connection.pragma('wal_checkpoint(TRUNCATE)');
      connection.close();
    },
    act: (place) => openStore(join(place, 'old.db')).close(),
    check: (place) => {
      const found = stored(join(place, 'old.db'));
      if (found !== 1500) throw new Error(`${found} of 1500 are left`);
    },
  },
  import: {
    prepare: (place) => {
      filled(join(place, 'from.db'), 1500);
      exportStore(openStoreToRead(join(place, 'from.db')), join(place, 'all.jsonl'), quietControl);
      openStore(join(place, 'to.db')).close();
    },
    act: async (place, acknowledge) => {
      const store = openStore(join(place, 'to.db'));
      try {
        acknowledge((await importInto(store, join(place, 'all.jsonl'), quietControl)).newRows);
      } finally {
        store.close();
      }
    },
    check: (place, acknowledged) => {
      const found = stored(join(place, 'to.db'));
      const whole = acknowledged === null ? [0, 1500] : [1500];
      if (!whole.includes(found)) throw new Error(`${found} stored, ${acknowledged} acknowledged`);
    },
  },
  export: {
    prepare: (place) => filled(join(place, 'from.db'), 1500),
    act: (place, acknowledge) => {
      const store = openStoreToRead(join(place, 'from.db'));
      try {
        const rows = exportStore(store, join(place, 'all.csv'), quietControl);
        // A read that failed may be taken for damage; the export then says what it left out, and is no whole one.
        if (store.damage.count > 0) rmSync(join(place, 'all.csv'));
        else acknowledge(rows);
      } finally {
        store.close();
      }
    },
    check: async (place, acknowledged) => {
      const file = join(place, 'all.csv');
      if (acknowledged !== null && !existsSync(file)) throw new Error('the file is not there');
      if (!existsSync(file)) return;
      const copy = openStore(join(place, 'copy.db'));
      await importInto(copy, file, quietControl);
      copy.close();
      if (stored(join(place, 'copy.db')) !== 1500) throw new Error('the file is not whole');
    },
  },
  out: {
    prepare: (place) => writeFileSync(join(place, 'out.json'), OLD),
    act: async (place, acknowledge) => {
      await writeWhole(join(place, 'out.json'), NEW);
      acknowledge(true);
    },
    check: (place, acknowledged) => {
      const text = readFileSync(join(place, 'out.json'), 'utf8');
      if (text !== NEW && (acknowledged || text !== OLD)) throw new Error(`the file is ${text.length} bytes`);
      expectAlone(place, ['out.json']);
    },
  },
  report: {
    prepare: (place) => {
      copyFileSync(RUN, join(place, 'run.json'));
      const store = openStore(join(place, 'a.db'));
      const host = { key: 'h', name: 'h', facts: null };
      const started = { host, command: 'measure', startedAtNs: T0, options: null };
      const run = startRun(store, started, 'the-run').id;
      endRun(store, run, T0 + SECOND, readFileSync(RUN, 'utf8'));
      store.close();
    },
    act: async (place, acknowledge) => {
      const db = join(place, 'a.db');
      const named = await readDocument(join(place, 'run.json'), db);
      const kept = await readDocument('the-run', db);
      for (const [name, { input }] of Object.entries({ named, kept }))
        await writeWhole(join(place, `${name}.html`), pageOf(input));
      acknowledge(true);
    },
    check: (place, acknowledged) => {
      const pages = readdirSync(place).filter((name) => name.endsWith('.html'));
      if (acknowledged && pages.length !== 2) throw new Error(`there are ${pages.length} pages`);
      for (const name of pages) {
        const page = readFileSync(join(place, name), 'utf8');
        if (!/<\/html>\s*$/.test(page)) throw new Error(`${name} is not whole`);
      }
      const store = openStoreToRead(join(place, 'a.db'));
      if (listRuns(store).length !== 1 || store.damage.count > 0) throw new Error('the store is not whole');
      store.close();
      expectAlone(place, ['a.db', 'run.json', ...pages]);
    },
  },
};

let page = null;

/** Both are of one run: it is made once, since it takes a while. */
function pageOf(input) {
  page ??= reportPage(input, null);
  return page;
}

/** That nothing is left behind beside these, but for a store's own files. */
function expectAlone(place, names) {
  const more = readdirSync(place).filter((name) => !names.includes(name) && !/-(wal|shm)$/.test(name));
  if (more.length > 0) throw new Error(`left behind: ${more.join(', ')}`);
}

const { prepare, act, check } = JOBS[process.argv[2]];
let faults = 0;
for (let n = 1; ; n++) {
  const place = join(folder, `${process.argv[2]}-${n}`);
  mkdirSync(place);
  arm(0);
  prepare(place);
  let acknowledged = null;
  let failure = null;
  arm(n);
  try {
    await act(place, (what) => {
      acknowledged = what;
    });
  } catch (error) {
    failure = error;
  }
  const met = calls() >= n;
  arm(0);
  try {
    if (failure !== null && !(failure instanceof TscopeError)) throw failure;
    if (!met && failure !== null) throw failure;
    await check(place, acknowledged);
  } catch (error) {
    console.error(`call ${n} (${failure?.message ?? 'no error'}):`, error);
    process.exit(1);
  }
  rmSync(place, { recursive: true });
  if (!met) break;
  faults += 1;
}
console.log(faults);
