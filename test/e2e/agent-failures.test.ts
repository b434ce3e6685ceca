import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { eventually, type RunningAgent, startAgent } from './running-agent.ts';

interface Samples {
  readonly taken: number;
  readonly stored: number;
  readonly waiting: number;
  readonly dropped: Record<'overflow' | 'refused' | 'rejected' | 'ended', number>;
}
interface Health {
  readonly status: string;
  readonly samples: Samples;
  readonly store: {
    ok: boolean;
    code: string | null;
    reason: string | null;
  };
}
/** Without a result while the store is being opened. */
interface Answer {
  readonly result?: { series: { clock: string; at: number[] }[] };
}

const folder = temporaryFolder();
let agent: RunningAgent;
afterEach(async () => {
  await agent.end('SIGKILL');
});
afterAll(() => {
  spawnSync('umount', ['-l', MOUNT]);
});

const start = async (db: string): Promise<void> => {
  agent = await startAgent(['--interval', '100ms', '--db', db]);
};
const health = () => agent.json<Health>('/healthz');
const metric = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await agent.text('/metrics'))?.[1] ?? Number.NaN);

const sumOf = ({ stored, waiting, dropped }: Samples): number =>
  stored + waiting + Object.values(dropped).reduce((sum, count) => sum + count, 0);

/** Every sample that was taken is somewhere. */
async function expectLedger(): Promise<void> {
  const { samples } = await health();
  expect(sumOf(samples)).toBe(samples.taken);
}

/** What another process finds in the file. */
function sql(db: string, statement: string): string[] {
  const script = `import Database from 'libsql'; const d = new Database(process.argv[1], { timeout: 5000 }); console.log(JSON.stringify(d.prepare(process.argv[2]).raw().all().map(([cell]) => String(cell))))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, db, statement], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}

/** Another process changes the file. */
function change(db: string, statements: string): void {
  const script = `import Database from 'libsql'; new Database(process.argv[1], { timeout: 5000 }).exec(process.argv[2])`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, db, statements], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
}

/** Times of the stored samples of one clock, s. */
async function stored(): Promise<number[]> {
  const { result } = await agent.json<Answer>(`/api/v1/samples?step=100ms&from=${Date.now() / 1000 - 200}`);
  return (result?.series ?? []).filter(({ clock }) => clock === 'realtime').flatMap(({ at }) => at);
}

/** Broken: still serving, and says what is wrong; then well again by itself, with every sample there is. */
async function expectTroubleAndRecovery(
  code: string,
  breakIt: () => void,
  mendIt: () => void,
): Promise<void> {
  await eventually(async () => (await stored()).length > 5);
  const before = await stored();
  breakIt();
  await eventually(async () => (await health()).store.code === code);
  expect((await fetch(`${agent.url}/healthz`)).status).toBe(503);
  expect((await health()).store.reason).toMatch(/\.$/);
  expect(await metric('tscope_store_up')).toBe(0);
  expect(await metric('tscope_healthy')).toBe(0);
  const pending = await metric('tscope_store_pending_samples');
  await eventually(async () => (await metric('tscope_store_pending_samples')) > pending);
  expect((await fetch(`${agent.url}/`)).status).toBe(200);
  mendIt();
  await eventually(async () => (await health()).status === 'ok');
  const after = await stored();
  expect(after).toEqual(expect.arrayContaining(before));
  expect(new Set(after).size).toBe(after.length);
  expect(after.length).toBeGreaterThan(before.length + pending);
  await expectLedger();
}

test('the store removed: it is told of, another one is begun, and what is taken from then on is in it', async () => {
  const db = join(folder, 'removed/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  rmSync(join(folder, 'removed'), { recursive: true });
  await eventually(() => existsSync(db));
  await eventually(async () => (await health()).status === 'ok');
  expect(await metric('tscope_store_failures_total')).toBeGreaterThan(0);
  expect(agent.log).toContainEqual(expect.objectContaining({ level: 'error', code: 'STORE_REMOVED' }));
  await eventually(async () => (await stored()).length > 5);
  const after = await stored();
  await expectLedger();
  await agent.end();
  await start(db);
  expect(await stored()).toEqual(expect.arrayContaining(after));
});

test('only the file removed, its log left: nothing is mixed up', async () => {
  const db = join(folder, 'file/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  rmSync(db);
  await eventually(() => existsSync(db));
  await eventually(async () => (await stored()).length > 5);
  await expectLedger();
  await agent.end();
  expect(sql(db, 'PRAGMA integrity_check')).toEqual(['ok']);
});

test.each([['-wal'], ['-shm'], ['-wal', '-shm']])(
  'what is beside the file removed (%s): nothing stored is lost',
  async (...logs) => {
    const db = join(folder, `beside${logs.join('')}.db`);
    await start(db);
    await eventually(async () => (await health()).samples.stored > 5);
    for (const log of logs) rmSync(`${db}${log}`);
    await eventually(() => agent.log.some(({ code }) => code === 'STORE_REMOVED'));
    await eventually(async () => (await health()).status === 'ok');
    const { samples } = await health();
    expect(sumOf(samples)).toBe(samples.taken);
    await agent.end('SIGKILL');
    expect(Number(sql(db, 'SELECT count(*) FROM sample')[0]) / 3).toBeGreaterThanOrEqual(samples.stored);
  },
);

test('the file moved away has all that was stored, and the next one what is taken from then on', async () => {
  const db = join(folder, 'moved/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  const before = (await stored()).length;
  renameSync(db, `${db}.away`);
  await eventually(() => existsSync(db));
  await eventually(async () => (await stored()).length > 3);
  await expectLedger();
  expect(sql(`${db}.away`, 'PRAGMA integrity_check')).toEqual(['ok']);
  expect(Number(sql(`${db}.away`, 'SELECT count(*) FROM sample')[0]) / 3).toBeGreaterThanOrEqual(before);
});

test.each([
  ['the row of the run, with all that hangs on it', 'PRAGMA foreign_keys = ON; DELETE FROM run'],
  ['the row of the run alone', 'PRAGMA foreign_keys = OFF; DELETE FROM run'],
  ['the rows of the series', 'PRAGMA foreign_keys = ON; DELETE FROM series'],
])('deleted: %s: counted, told of, made anew, and nothing is lost from then on', async (_, statement) => {
  const db = join(folder, `rows-${statement.length}/a.db`);
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  change(db, statement);
  await eventually(async () => (await metric('tscope_store_failures_total')) > 0);
  expect(agent.log).toContainEqual(expect.objectContaining({ level: 'error', code: 'STORE_ROW_GONE' }));
  await eventually(async () => (await health()).status === 'ok');
  const { stored: storedSoFar } = (await health()).samples;
  await eventually(async () => (await health()).samples.stored >= storedSoFar + 10);
  await eventually(async () => (await stored()).length >= 10);
  await expectLedger();
});

test('a store that takes no sample for an unknown reason: health is bad, and everything waits until it does', async () => {
  const db = join(folder, 'table/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  change(db, "CREATE TRIGGER no BEFORE INSERT ON sample BEGIN SELECT RAISE(ABORT, 'no'); END");
  await eventually(async () => (await health()).samples.waiting > 5);
  expect(await health()).toMatchObject({ status: 'degraded', store: { ok: false } });
  await expectLedger();
  change(db, 'DROP TRIGGER no');
  await eventually(async () => (await health()).status === 'ok');
  await eventually(async () => (await health()).samples.waiting <= 1);
  await expectLedger();
  expect((await health()).samples.dropped).toEqual({ overflow: 0, refused: 0, rejected: 0, ended: 0 });
});

describe('a database that another process has locked', () => {
  const lock = async (db: string): Promise<ChildProcess> => {
    const script = `import Database from 'libsql'; new Database(process.argv[1]).exec('BEGIN EXCLUSIVE'); console.log('locked'); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, db], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    return child;
  };

  test('health and metrics answer at once, samples wait, and are all there afterwards', async () => {
    const db = join(folder, 'locked/a.db');
    await start(db);
    await eventually(async () => (await stored()).length > 5);
    const locker = await lock(db);
    await eventually(async () => (await health()).store.code === 'STORE_BUSY');
    for (let i = 0; i < 20; i++) {
      const begun = performance.now();
      await health();
      await agent.text('/metrics');
      expect(performance.now() - begun).toBeLessThan(1_000);
      await expectLedger();
    }
    await eventually(async () => (await health()).samples.waiting > 20);
    locker.kill('SIGKILL');
    await eventually(async () => (await health()).status === 'ok');
    await eventually(async () => (await health()).samples.waiting <= 1);
    await expectLedger();
    expect((await health()).samples.dropped.overflow).toBe(0);
  }, 30_000);

  test('SIGTERM ends it in a few seconds, and the last line says what was not stored', async () => {
    const db = join(folder, 'locked-end/a.db');
    await start(db);
    await eventually(async () => (await stored()).length > 5);
    const locker = await lock(db);
    await eventually(async () => (await health()).samples.waiting > 5);
    const begun = performance.now();
    expect(await agent.end()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(8_000);
    locker.kill('SIGKILL');
    const last = agent.log.at(-1) as unknown as Samples & { message: string };
    expect(last.message).toBe('stopped');
    expect(last.dropped.ended).toBeGreaterThan(5);
    expect(sumOf(last)).toBe(last.taken);
  }, 30_000);
});

test('another store put in its place is used as it is', async () => {
  const [db, other] = [join(folder, 'one/a.db'), join(folder, 'other/a.db')];
  await start(other);
  await eventually(async () => (await stored()).length > 3);
  const theirs = await stored();
  await agent.end();
  await start(db);
  await eventually(async () => (await stored()).length > 3);
  renameSync(other, db);
  await eventually(async () => (await stored()).includes(theirs[0] ?? 0));
  await eventually(async () => (await stored()).length > theirs.length + 3);
  expect(await stored()).toEqual(expect.arrayContaining(theirs));
});

test('a folder in its place: it waits, says so, and goes on when the folder is gone', async () => {
  const db = join(folder, 'blocked/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 3);
  const before = await stored();
  renameSync(db, `${db}.away`);
  mkdirSync(db);
  await eventually(async () => !(await health()).store.ok);
  await eventually(async () => (await metric('tscope_store_pending_samples')) > 3);
  rmSync(db, { recursive: true });
  renameSync(`${db}.away`, db);
  await eventually(async () => (await health()).status === 'ok');
  expect(await stored()).toEqual(expect.arrayContaining(before));
});

const MOUNT = join(folder, 'mount');
mkdirSync(MOUNT);
const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
const mountable = mount('-t', 'tmpfs', '-o', 'size=3m', 'tscope-test', MOUNT);

describe.skipIf(!mountable)('on a small file system (skipped where this process may not mount one)', () => {
  test('full disk: keeps serving, says so, recovers, and loses nothing', async () => {
    await start(join(MOUNT, 'full.db'));
    const filler = join(MOUNT, 'filler');
    await expectTroubleAndRecovery(
      'STORE_FULL',
      () => spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']),
      () => rmSync(filler),
    );
  }, 60_000);

  test('a disk that goes away and comes back: keeps serving, says so, recovers, and loses nothing', async () => {
    await start(join(MOUNT, 'away.db'));
    await expectTroubleAndRecovery(
      'IO',
      () => mount('-t', 'tmpfs', '-o', 'ro,size=64k', 'tscope-test', MOUNT),
      () => spawnSync('umount', [MOUNT]),
    );
  }, 60_000);

  test('read-only disk: serves what is stored, says so, and goes on when it can be written', async () => {
    await start(join(MOUNT, 'read-only.db'));
    await eventually(async () => (await stored()).length > 5);
    const before = await stored();
    await agent.end();
    expect(mount('-o', 'remount,ro', MOUNT)).toBe(true);
    await start(join(MOUNT, 'read-only.db'));
    await eventually(async () => (await health()).store.code === 'STORE_READ_ONLY');
    expect(await metric('tscope_store_up')).toBe(0);
    await eventually(async () => (await metric('tscope_store_pending_samples')) > 3);
    await eventually(async () => (await stored()).length >= before.length);
    expect(await stored()).toEqual(expect.arrayContaining(before));
    mount('-o', 'remount,rw', MOUNT);
    await eventually(async () => (await health()).status === 'ok');
    expect((await stored()).length).toBeGreaterThan(before.length + 3);
  }, 60_000);

  test('a disk that is full from the start is waited for', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tscope-test', MOUNT);
    writeFileSync(join(MOUNT, 'filler'), Buffer.alloc(60 * 1024));
    await start(join(MOUNT, 'late.db'));
    await eventually(async () => (await health()).store.code === 'STORE_FULL');
    mount('-o', 'remount,size=4m', MOUNT);
    await eventually(async () => (await health()).status === 'ok');
    expect((await stored()).length).toBeGreaterThan(0);
    spawnSync('umount', ['-l', MOUNT]);
  });
});
