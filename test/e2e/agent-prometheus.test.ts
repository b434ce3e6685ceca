import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { eventually, type RunningAgent, startAgent } from './running-agent.ts';

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const SCRIPTS = join(import.meta.dirname, '../../scripts/prometheus');
const TOKEN = 'a-token-of-24-characters';

const folder = temporaryFolder();
let agent: RunningAgent;
beforeAll(async () => {
  const args = ['--interval', '100ms', '--db', join(folder, 'a.db'), '--listen', '0.0.0.0:0'];
  agent = await startAgent(args, { env: { TSCOPE_TOKEN: TOKEN } });
});
afterAll(async () => {
  await agent.end();
});

const metrics = async (): Promise<string> =>
  (await fetch(`${agent.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();

/** The metrics that files in scripts/prometheus speak of. */
const metricsIn = (file: string): string[] => [
  ...new Set(readFileSync(join(SCRIPTS, file), 'utf8').match(/\b(?:tscope|process)_[a-z_]+[a-z]\b/g) ?? []),
];

test('every name of the facts is there, in base units', async () => {
  // The busier the machine, the later: it costs a fixed share of a CPU.
  await eventually(async () => /^tscope_clock_adev_ratio/m.test(await metrics()), 25_000);
  const text = await metrics();
  for (const line of [
    /^tscope_tsc_frequency_hertz\{reference="monotonic_raw",independent="\w+"\} \d{8,}/m,
    /^tscope_clock_frequency_offset_ratio\{clock="tsc",reference="monotonic_raw",independent="\w+"\} [-\d]/m,
    /^tscope_clock_offset_seconds\{clock="realtime".*\} [-\d]/m,
    /^tscope_clock_adev_ratio\{.*tau_seconds="0.1"\} \d/m,
    /^tscope_clock_events_total\{kind="step",clock="realtime"\} 0$/m,
    /^tscope_samples_rejected_total\{reason="wide_window"\} \d/m,
    /^tscope_clocksource_info\{clocksource="[^"]+",derived_from_tsc="\w+"\} 1/m,
    /^tscope_build_info\{version="[^"]+",node="v\d+[^"]*"\} 1/m,
    /^tscope_store_up 1$/m,
  ]) {
    expect(text).toMatch(line);
  }
});

test.each(['alerts.yml', 'dashboard.json'])('%s speaks only of metrics that there are', async (file) => {
  const text = await metrics();
  const names = [...metricsIn(file)];
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) {
    expect(text).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `);
  }
});

test('the dashboard has panels, each with a query', () => {
  const dashboard = JSON.parse(readFileSync(join(SCRIPTS, 'dashboard.json'), 'utf8'));
  expect(dashboard.panels.length).toBeGreaterThan(4);
  for (const panel of dashboard.panels) expect(panel.targets[0].expr, panel.title).toMatch(/tscope_/);
});

describe.skipIf(!has('promtool'))('promtool (skipped where Debian package prometheus is missing)', () => {
  const promtool = (args: readonly string[], input = '') =>
    spawnSync('promtool', args, { input, encoding: 'utf8' });

  test('check metrics finds nothing to say', async () => {
    const { status, stdout, stderr } = promtool(['check', 'metrics'], await metrics());
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('check rules passes', () => {
    const { status, stdout, stderr } = promtool(['check', 'rules', join(SCRIPTS, 'alerts.yml')]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/warn|duplicate/i);
  });

  test('the rules fire when they should and not otherwise', () => {
    const { status, stdout, stderr } = promtool(['test', 'rules', join(SCRIPTS, 'alerts.test.yml')]);
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

test.skipIf(!has('prometheus'))(
  'Prometheus scrapes it with the token and the values arrive (skipped where Debian package prometheus is missing)',
  async () => {
    const port = await freePort();
    const home = join(folder, 'prometheus');
    mkdirSync(home);
    const target = new URL(agent.url).host;
    writeFileSync(join(home, 'token'), TOKEN);
    writeFileSync(
      join(home, 'prometheus.yml'),
      `scrape_configs:
  - job_name: tscope
    scrape_interval: 500ms
    scrape_timeout: 500ms
    authorization: { credentials_file: token }
    static_configs: [{ targets: ['${target}'] }]
`,
    );
    const flags = [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const prometheus = spawn('prometheus', flags, { stdio: 'ignore' });
    const query = async (expression: string): Promise<[Record<string, string>, string][]> => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const answer = (await (await fetch(url)).json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return answer.data.result.map(({ metric, value }) => [metric, value[1]]);
    };
    try {
      await eventually(async () => {
        try {
          return (await query('up{job="tscope"} == 1')).length === 1;
        } catch {
          return false;
        }
      }, 20_000);
      await eventually(async () => (await query('tscope_clock_frequency_offset_ratio')).length === 3);
      const [[, hertz] = []] = await query('tscope_tsc_frequency_hertz{reference="monotonic_raw"}');
      expect(Number(hertz)).toBeGreaterThan(1e8);
      await eventually(async () => Number((await query('increase(tscope_samples_total[5s])'))[0]?.[1]) > 0);
      expect(await query('scrape_samples_scraped > 20')).toHaveLength(1);
    } finally {
      prometheus.kill('SIGKILL');
    }
  },
  40_000,
);
