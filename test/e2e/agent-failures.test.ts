import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { eventually, type RunningAgent, startAgent, temporaryFolder } from './running-agent.ts';

interface Health {
  readonly status: string;
  readonly store: {
    ok: boolean;
    code: string | null;
    reason: string | null;
    pending: number;
    dropped: number;
  };
}
/** Without a result while the store is being opened. */
interface Samples {
  readonly result?: { series: { clock: string; at: number[] }[] };
}

const folder = temporaryFolder();
let agent: RunningAgent;
afterEach(async () => {
  await agent.end('SIGKILL');
});
afterAll(() => {
  spawnSync('umount', ['-l', MOUNT]);
  folder.remove();
});

const start = async (db: string): Promise<void> => {
  agent = await startAgent(['--interval', '100ms', '--db', db]);
};
const health = () => agent.json<Health>('/healthz');
const metric = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await agent.text('/metrics'))?.[1] ?? Number.NaN);

/** Times of the stored samples of one clock, s. */
async function stored(): Promise<number[]> {
  const { result } = await agent.json<Samples>(`/api/v1/samples?step=100ms&from=${Date.now() / 1000 - 200}`);
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
  expect(await metric('tscope_store_dropped_samples_total')).toBe(0);
}

test('the store removed: it is back with all it held, and was told of', async () => {
  const db = join(folder.path, 'removed/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  const before = await stored();
  rmSync(join(folder.path, 'removed'), { recursive: true });
  await eventually(() => existsSync(db));
  await eventually(async () => (await health()).status === 'ok');
  expect(await stored()).toEqual(expect.arrayContaining(before));
  expect(await metric('tscope_store_failures_total')).toBeGreaterThan(0);
  expect(agent.log).toContainEqual(expect.objectContaining({ level: 'error', code: 'STORE_REMOVED' }));
  await agent.end();
  await start(db);
  expect(await stored()).toEqual(expect.arrayContaining(before));
});

test('only the file removed, its log left: nothing is mixed up', async () => {
  const db = join(folder.path, 'file/a.db');
  await start(db);
  await eventually(async () => (await stored()).length > 5);
  const before = await stored();
  rmSync(db);
  await eventually(() => existsSync(db));
  await eventually(async () => (await stored()).length > before.length + 5);
  expect(await stored()).toEqual(expect.arrayContaining(before));
});

test('another store put in its place is used as it is', async () => {
  const [db, other] = [join(folder.path, 'one/a.db'), join(folder.path, 'other/a.db')];
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
  const db = join(folder.path, 'blocked/a.db');
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

const MOUNT = join(folder.path, 'mount');
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
    expect(await stored()).toEqual(expect.arrayContaining(before));
    mount('-o', 'remount,rw', MOUNT);
    await eventually(async () => (await health()).status === 'ok');
    expect((await stored()).length).toBeGreaterThan(before.length + 3);
  }, 60_000);
});

test('a disk that is full from the start is waited for', async () => {
  if (!mountable) return;
  mount('-t', 'tmpfs', '-o', 'size=64k', 'tscope-test', MOUNT);
  writeFileSync(join(MOUNT, 'filler'), Buffer.alloc(60 * 1024));
  await start(join(MOUNT, 'late.db'));
  await eventually(async () => (await health()).store.code === 'STORE_FULL');
  mount('-o', 'remount,size=4m', MOUNT);
  await eventually(async () => (await health()).status === 'ok');
  expect((await stored()).length).toBeGreaterThan(0);
  spawnSync('umount', ['-l', MOUNT]);
});
