import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CHRONY, KERNEL_CLOCK } from '../../src/agent/http/kernel-metrics.ts';
import { sendOtlp, writeTextfile } from '../../src/agent/push/push.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();

function registryWithAll(): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'a_seconds', help: 'A gauge.', labelNames: ['clock'], registers }).set(
    { clock: 'tsc' },
    1.5,
  );
  new Counter({ name: 'b_total', help: 'A counter.', registers }).inc(3);
  const late = new Histogram({ name: 'c_seconds', help: 'A histogram.', buckets: [1, 2], registers });
  for (const value of [0.5, 3, 4]) late.observe(value);
  return registry;
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test('a textfile is whole, readable for others, and gone when the agent has ended', async () => {
  const file = join(folder, 'tscope.prom');
  const registry = registryWithAll();
  const push = writeTextfile(file, registry, () => {});
  await until(() => readdirSync(folder).join() === 'tscope.prom');
  expect(readFileSync(file, 'utf8')).toBe(await registry.metrics());
  expect(statSync(file).mode & 0o777).toBe(0o644);
  await push.end();
  expect(readdirSync(folder)).toEqual([]);
});

test('a textfile that cannot be written is said once, with the reason', async () => {
  const said: unknown[] = [];
  const push = writeTextfile(join(folder, 'none/tscope.prom'), registryWithAll(), (...words) =>
    said.push(words),
  );
  await until(() => said.length > 0);
  await push.end();
  expect(said).toEqual([
    ['error', expect.stringMatching(/^writing the metrics to .*: /), { retryInMs: 15_000 }],
  ]);
});

test('a collector receives gauges, counters and histograms with their units and labels', async () => {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push(`${request.method} ${request.url} ${request.headers['content-type']}`, body);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v1/metrics`;
  const started = new Date(1_700_000_000_000);
  const push = await sendOtlp(url, registryWithAll(), started, () => {});
  await until(() => received.length > 1);
  await push.end();
  server.close();
  expect(received[0]).toBe('POST /v1/metrics application/json');
  const [resource] = JSON.parse(received[1] ?? '').resourceMetrics;
  expect(resource.resource.attributes).toContainEqual({
    key: 'service.name',
    value: { stringValue: 'tscope' },
  });
  const startTimeUnixNano = '1700000000000000000';
  const common = { startTimeUnixNano, timeUnixNano: expect.stringMatching(/^\d{19}$/) };
  expect(resource.scopeMetrics[0].metrics).toEqual([
    {
      name: 'a_seconds',
      description: 'A gauge.',
      unit: 's',
      gauge: {
        dataPoints: [
          { ...common, asDouble: 1.5, attributes: [{ key: 'clock', value: { stringValue: 'tsc' } }] },
        ],
      },
    },
    {
      name: 'b_total',
      description: 'A counter.',
      unit: '',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [{ ...common, asDouble: 3, attributes: [] }],
      },
    },
    {
      name: 'c_seconds',
      description: 'A histogram.',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          { ...common, attributes: [], count: 3, sum: 7.5, bucketCounts: [1, 0, 2], explicitBounds: [1, 2] },
        ],
      },
    },
  ]);
});

test('a collector that is not there is said once', async () => {
  const said: unknown[] = [];
  const push = await sendOtlp('http://127.0.0.1:9/v1/metrics', registryWithAll(), new Date(), (...words) =>
    said.push(words[0]),
  );
  await until(() => said.length > 0);
  await push.end();
  expect(said).toEqual(['error']);
}, 20_000);

test("the kernel's and chronyd's words are in base units", () => {
  const state = {
    state: 0,
    status: 0x2001,
    freq: 65_536 * 12,
    tick: 10_000,
    offset: -1_500,
    maxErrorUs: 250_000,
    estErrorUs: 7,
    constant: 6,
  };
  const kernel = Object.fromEntries(KERNEL_CLOCK.map(([name, , read]) => [name.slice(20), read(state)]));
  expect(kernel).toEqual({
    synchronized: 1,
    discipline: [
      [{ discipline: 'told' }, 1],
      [{ discipline: 'untold' }, 0],
      [{ discipline: 'failing' }, 0],
      [{ discipline: 'none' }, 0],
    ],
    offset_seconds: expect.closeTo(-1.5e-6, 12),
    max_error_seconds: 0.25,
    estimated_error_seconds: 7e-6,
    frequency_adjustment_ratio: 12e-6,
    tick_seconds: 0.01,
  });
  const tracking = {
    refid: 1,
    loopback: false,
    synchronised: true,
    stratum: 3,
    correctionS: 1e-4,
    lastOffsetS: 2e-4,
    rmsOffsetS: 3e-4,
    frequency: -5e-6,
    residual: 0,
    skew: 1e-8,
    updatedS: 0,
    rootDelayS: 0.02,
    rootDispersionS: 0.001,
  };
  expect(CHRONY.map(([, , read]) => read(tracking))).toEqual([
    1, 3, 1e-4, 2e-4, 3e-4, -5e-6, 1e-8, 0.02, 0.001,
  ]);
});
