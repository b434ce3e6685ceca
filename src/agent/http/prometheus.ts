import { createRequire } from 'node:module';
import type * as client from 'prom-client';
import type { Reply } from './reply.ts';

const part = createRequire(import.meta.url);

/** Of prom-client what is used: the whole of it brings OpenTelemetry's API, clusters and HTTPS along, which takes 8 MB. */
export const Registry: typeof client.Registry = part('prom-client/lib/registry.js');
const Counter: typeof client.Counter = part('prom-client/lib/counter.js');
const Gauge: typeof client.Gauge = part('prom-client/lib/gauge.js');
export const Histogram: typeof client.Histogram = part('prom-client/lib/histogram.js');

/** One line of a metric. */
export type Line = readonly [labels: Readonly<Record<string, string>>, value: number];
/** The lines of a metric, or the value of one without labels; without any it is absent. */
export type Reading = readonly Line[] | number | null | undefined;

/** What a scrape is answered with. */
export const scrapeReply = async (registry: client.Registry): Promise<Reply> => ({
  status: 200,
  type: registry.contentType,
  body: Buffer.from(await registry.metrics()),
});

type Metric = [
  name: string,
  help: string,
  read: () => Reading | Promise<Reading>,
  labelNames?: readonly string[],
];

const linesOf = (reading: Reading): readonly Line[] => {
  if (reading == null) return [];
  return typeof reading === 'number' ? [[{}, reading]] : reading;
};

/** Makes metrics that are read when they are scraped. */
export function metricsIn(registry: client.Registry) {
  const config = (...[name, help, read, labelNames = []]: Metric) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect(this: client.Gauge | client.Counter) {
      const lines = linesOf(await read());
      this.reset();
      // After a reset a metric without labels is 0, which is not the same as unknown.
      if (lines.length === 0 && labelNames.length === 0) this.remove();
      for (const [labels, value] of lines) this.inc(labels, value);
    },
  });
  return {
    gauge: (...metric: Metric): unknown => new Gauge(config(...metric)),
    counter: (...metric: Metric): unknown => new Counter(config(...metric)),
  };
}
