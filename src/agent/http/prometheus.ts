import { createRequire } from 'node:module';
import type * as client from 'prom-client';

const part = createRequire(import.meta.url);

/** Of prom-client what is used: the whole of it brings OpenTelemetry's API, clusters and HTTPS along, which takes 8 MB. */
export const Registry: typeof client.Registry = part('prom-client/lib/registry.js');
export const Counter: typeof client.Counter = part('prom-client/lib/counter.js');
export const Gauge: typeof client.Gauge = part('prom-client/lib/gauge.js');
export const Histogram: typeof client.Histogram = part('prom-client/lib/histogram.js');
