import { hostname } from 'node:os';
import type { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import { TscopeError } from '../../errors.ts';
import { version } from '../../version.ts';

type ResourceMetrics = Parameters<OTLPMetricExporter['export']>[0];
type MetricData = ResourceMetrics['scopeMetrics'][number]['metrics'][number];
type Json = MetricObjectWithValues<MetricValue<string>>;
type Time = [seconds: number, ns: number];

/** Of OpenTelemetry's enums, whose module is not loaded for three numbers: DataPointType and AggregationTemporality. */
const HISTOGRAM = 0;
const GAUGE = 2;
const SUM = 3;
const CUMULATIVE = 1;
/** ValueType.DOUBLE */
const DOUBLE = 1;

/** An answer takes no longer, ms. */
const PATIENCE_MS = 10_000;

const timeOf = (ms: number): Time => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

/** Prometheus has the unit in the name, OpenTelemetry beside it (UCUM). */
const UNITS: ReadonlyArray<readonly [ending: RegExp, unit: string]> = [
  [/_seconds(_total)?$/, 's'],
  [/_bytes$/, 'By'],
  [/_hertz$/, 'Hz'],
  [/_ratio$/, '1'],
];
const unitOf = (name: string): string => UNITS.find(([ending]) => ending.test(name))?.[1] ?? '';

/** Prometheus counts each bucket with those below it; the last one is all. */
function histogramValue(values: readonly (MetricValue<string> & { readonly metricName?: string })[]) {
  const of = (ending: string) =>
    values.find(({ metricName }) => metricName?.endsWith(ending) === true)?.value ?? 0;
  const bounds = values.filter(({ labels }) => labels['le'] !== undefined);
  const totals = bounds.map(({ value }) => value);
  return {
    buckets: {
      boundaries: bounds.map(({ labels }) => Number(labels['le'])).filter(Number.isFinite),
      counts: totals.map((total, i) => total - (totals[i - 1] ?? 0)),
    },
    sum: of('_sum'),
    count: of('_count'),
  };
}

/** One metric of prom-client as one of OpenTelemetry's. */
function otlpMetric({ name, help, type, values }: Json, start: Time, end: Time): MetricData {
  const common = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: DOUBLE, advice: {} },
    aggregationTemporality: CUMULATIVE,
  };
  const times = { startTime: start, endTime: end };
  const points = values.map(({ labels, value }) => ({ ...times, attributes: { ...labels }, value }));
  const kind = String(type);
  if (kind === 'histogram') {
    const dataPoints = [{ ...times, attributes: {}, value: histogramValue(values) }];
    return { ...common, dataPointType: HISTOGRAM, dataPoints } as unknown as MetricData;
  }
  return (kind === 'counter'
    ? { ...common, dataPointType: SUM, isMonotonic: true, dataPoints: points }
    : { ...common, dataPointType: GAUGE, dataPoints: points }) as unknown as MetricData;
}

/**
 * An exporter to an OpenTelemetry collector (OTLP over HTTP, JSON). Headers, a certificate and the like are given as the
 * library takes them: OTEL_EXPORTER_OTLP_HEADERS and the other OTEL_EXPORTER_OTLP_ variables.
 *
 * @throws TscopeError UNSUPPORTED where the library is not installed.
 */
export async function createExporter(url: string, startedAt: Date) {
  let library: typeof import('@opentelemetry/exporter-metrics-otlp-http');
  try {
    library = await import('@opentelemetry/exporter-metrics-otlp-http');
  } catch {
    throw new TscopeError(
      'UNSUPPORTED',
      'OpenTelemetry cannot be sent to: the optional package @opentelemetry/exporter-metrics-otlp-http is not installed.',
      'Install tscope with its optional dependencies, or leave `otlp` out.',
    );
  }
  const exporter = new library.OTLPMetricExporter({ url, timeoutMillis: PATIENCE_MS });
  const attributes = { 'service.name': 'tscope', 'service.version': version, 'host.name': hostname() };
  const start = timeOf(startedAt.getTime());
  return {
    /** @throws what the collector's answer was. */
    send: (metrics: readonly Json[]): Promise<void> => {
      const end = timeOf(Date.now());
      const document = {
        resource: { attributes, asyncAttributesPending: false },
        scopeMetrics: [
          { scope: { name: 'tscope', version }, metrics: metrics.map((one) => otlpMetric(one, start, end)) },
        ],
      } as unknown as ResourceMetrics;
      return new Promise((resolve, reject) => {
        exporter.export(document, ({ code, error }) => {
          if (code === 0) resolve();
          else reject(error ?? new Error('the collector refused them'));
        });
      });
    },
    close: (): Promise<void> => exporter.shutdown(),
  };
}
