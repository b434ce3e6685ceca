import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';

/** Where Debian has the programs of each version, newest last. */
const VERSIONS = '/usr/lib/postgresql';

function programs(): string | null {
  if (!existsSync(VERSIONS)) return null;
  const version = readdirSync(VERSIONS)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  const path = join(VERSIONS, version ?? '', 'bin');
  return existsSync(join(path, 'initdb')) ? path : null;
}

/** PostgreSQL refuses to run as root. */
function user(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  for (const name of ['postgres', 'nobody']) {
    const { status, stdout } = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (status !== 0) continue;
    const gid = Number(spawnSync('id', ['-g', name], { encoding: 'utf8' }).stdout);
    return { uid: Number(stdout), gid };
  }
  return null;
}

/** Why there is no server to test with; null where there is. */
export function postgresAbsence(): string | null {
  if (programs() === null) return 'PostgreSQL is not installed (apt-get install postgresql)';
  return user() === null ? 'there is no user other than root to run PostgreSQL as' : null;
}

/** A server of a test's own. */
export interface Postgres {
  readonly port: number;
  readonly folder: string;
  /** A new empty database. */
  database(name: string): Promise<{ url: string }>;
  url(name: string): string;
  psql(database: string, sql: string): string;
  kill(): void;
  start(): void;
  stop(): void;
}

export async function startPostgres(): Promise<Postgres> {
  const bin = programs() as string;
  const owner = user() as { uid: number; gid: number };
  const folder = mkdtempSync(join(tmpdir(), 'tscope-postgres-'));
  chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const as = { ...owner, encoding: 'utf8', stdio: 'pipe', cwd: folder } as const;
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'tscope', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    as,
  );
  appendFileSync(
    join(data, 'postgresql.conf'),
    `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '${folder}'\nmax_connections = 50\n`,
  );
  const log = join(folder, 'log');
  writeFileSync(log, '');
  chownSync(log, owner.uid, owner.gid);
  const control = (...words: string[]) =>
    execFileSync(join(bin, 'pg_ctl'), ['-D', data, '-l', log, '-w', ...words], { ...as, stdio: 'ignore' });
  control('start');
  const psql = (database: string, sql: string): string =>
    execFileSync(
      join(bin, 'psql'),
      ['-h', '127.0.0.1', '-p', String(port), '-U', 'tscope', '-d', database, '-qAtc', sql],
      as,
    );
  const url = (name: string): string => `postgres://tscope@127.0.0.1:${port}/${name}`;
  return {
    port,
    folder,
    psql,
    url,
    database: async (name) => {
      psql('postgres', `CREATE DATABASE ${name}`);
      return { url: url(name) };
    },
    kill: () => control('stop', '-m', 'immediate'),
    start: () => control('start'),
    stop: () => {
      try {
        control('stop', '-m', 'immediate');
      } catch {
        // It was stopped by the test.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
