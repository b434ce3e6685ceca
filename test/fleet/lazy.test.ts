import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, startAgent } from '../e2e/running-agent.ts';
import { MAIN } from '../e2e/tscope.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PROBE = join(import.meta.dirname, 'probe.cjs');
const folder = temporaryFolder();
const FLEET = /^(@nats-io\/|pg)/;

const loadedIn = (file: string): string[] => JSON.parse(readFileSync(file, 'utf8')) as string[];

test.each([
  ['--help'],
  ['host'],
  ['runs', '--help'],
  ['agent', '--check'],
  ['fleet', 'init', '--help'],
  ['fleet', 'collect', '--help'],
])('tscope %s %s loads neither the client of the hub nor that of PostgreSQL', (...words) => {
  const file = join(folder, `${words.join('')}.json`);
  const env = { ...process.env, PROBE: file };
  spawnSync(process.execPath, ['--require', PROBE, MAIN, ...words], { env, cwd: folder });
  expect(loadedIn(file)).toContain('commander');
  expect(loadedIn(file).filter((name) => FLEET.test(name))).toEqual([]);
});

test('an agent without --hub loads none of it while it runs; one with --hub does', async () => {
  for (const hub of [[], ['--hub', 'nats://127.0.0.1:1']]) {
    const file = join(folder, `agent${hub.length}.json`);
    const options = { env: { PROBE: file, NODE_OPTIONS: `--require ${PROBE}` } };
    const agent = await startAgent(
      ['--interval', '100ms', '--db', join(folder, `${hub.length}.db`), ...hub],
      options,
    );
    await eventually(
      async () => (await agent.json<{ samples: { stored: number } }>('/healthz')).samples.stored > 0,
    );
    if (hub.length > 0) {
      await eventually(
        async () => (await agent.json<{ hub: { ok: boolean } }>('/healthz')).hub.ok === false,
        30_000,
      );
    }
    expect(await agent.end()).toBe(0);
    expect(loadedIn(file).some((name) => FLEET.test(name))).toBe(hub.length > 0);
  }
}, 60_000);
