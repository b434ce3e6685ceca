import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, startAgent } from '../e2e/running-agent.ts';
import { MAIN, tscope } from '../e2e/tscope.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Nats, natsAbsence, startNats } from './nats.ts';

const PROMETHEUS = join(import.meta.dirname, '../../scripts/prometheus');
const METRIC = /\b(?:tscope|process)_[a-z_]+[a-z]\b/g;
const folder = temporaryFolder();
const absence = natsAbsence();

let nats: Nats;
beforeAll(async () => {
  if (absence === null) nats = await startNats();
});
afterAll(async () => await nats?.stop());

/** `tscope fleet collect`, with the address of its pages. */
async function startCollector(db: string) {
  const args = ['fleet', 'collect', '--hub', nats.url, '--db', db, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const address = () => /"url":"([^"]+)\/"/.exec(log)?.[1] ?? null;
  await eventually(() => address() !== null, 20_000);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const end = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { url: address() ?? '', end };
}

test.runIf(absence === null)(
  "the README's lab: a hub, a collector, an agent; the host stands on the collector's pages and in tscope fleet",
  async () => {
    expect((await tscope(['fleet', 'init', '--hub', nats.url])).code).toBe(0);
    const db = join(folder, 'fleet.db');
    const collector = await startCollector(db);
    const agent = await startAgent([
      ...['--hub', nats.url, '--label', 'site=lab', '--interval', '200ms'],
      ...['--db', join(folder, 'agent.db'), '--listen', '127.0.0.1:0'],
    ]);
    try {
      const get = async (path: string) => {
        const response = await fetch(collector.url + path);
        return { status: response.status, text: await response.text() };
      };
      await eventually(async () => (await get('/hosts')).text.includes('site=lab'), 60_000);
      await eventually(async () => (await get('/')).text.includes('judged at'), 60_000);
      expect(await get('/hosts?where=site')).toMatchObject({ status: 400 });
      expect(JSON.parse((await get('/healthz')).text)).toMatchObject({
        status: 'ok',
        ledger: { refused: 0 },
      });
      const metrics = (await get('/metrics')).text;
      expect(metrics).toMatch(/^tscope_fleet_up 1$/m);
      expect(metrics).toMatch(/^tscope_fleet_hosts\{state="known"\} 1$/m);
      expect(metrics).toMatch(/^tscope_fleet_judged_timestamp_seconds \d/m);
      for (const file of ['fleet-alerts.yml', 'fleet-dashboard.json']) {
        const names = readFileSync(join(PROMETHEUS, file), 'utf8').match(METRIC) ?? [];
        expect(names, file).toContain('tscope_fleet_lag_seconds');
        for (const name of names) expect(metrics).toContain(`# TYPE ${name} `);
      }
      const asked = await tscope(['fleet', 'hosts', '--db', db, '--where', 'site=lab', '--json']);
      expect(JSON.parse(asked.stdout)).toMatchObject({
        schema: 'tscope/fleet-hosts/1',
        result: { total: 1 },
      });
    } finally {
      await agent.end();
      expect(await collector.end()).toBe(0);
    }
  },
  180_000,
);
