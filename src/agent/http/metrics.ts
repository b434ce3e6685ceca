import type * as client from 'prom-client';
import { kernelClock } from '../../host/discipline.ts';
import type { AgentHealth } from '../../schema/agent-api.ts';
import { nominalRate } from '../../tasks/drift/nominal-rate.ts';
import { type ChronyTracking, chronyTracking } from '../../tsc/reference/chrony.ts';
import { version } from '../../version.ts';
import { KeptAnswers } from '../kept-answers.ts';
import { type AgentState, pairsOf } from '../state.ts';
import { CHRONY, KERNEL_CLOCK, type Row } from './kernel-metrics.ts';
import { Histogram, type Line, metricsIn, Registry } from './prometheus.ts';

/** What the metrics are read from at each scrape. */
export interface MetricsView {
  readonly state: AgentState;
  health(): AgentHealth;
  storeBytes(): number | null;
  liveClients(): number;
}

const PAIR = ['clock', 'reference', 'independent'] as const;

/** Bounds of the lateness histogram, s: 1, 2 and 5 of each decade from 10 us to 10 s. */
const LATENESS_BOUNDS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1].flatMap((decade) =>
  [1, 2, 5].map((factor) => Number((factor * decade).toPrecision(1))),
);

/** A flag that may be unknown, as a label. */
const text = (flag: boolean | null): string => (flag === null ? 'unknown' : String(flag));

/** Labels that say which pair a value belongs to. */
function pairLabels(state: AgentState, clock: string): Line[0] | null {
  const pair = pairsOf(state).find((candidate) => candidate.clock === clock);
  if (pair === undefined) return null;
  return { clock, reference: pair.reference, independent: text(pair.independent) };
}

/** One value for each pair that has one. */
function eachPair(
  state: AgentState,
  read: (pair: NonNullable<AgentState['sample']>['pairs'][number]) => number | null,
): Line[] {
  return (state.sample?.pairs ?? []).flatMap((pair) => {
    const labels = pairLabels(state, pair.clock);
    const value = read(pair);
    return labels === null || value === null ? [] : [[labels, value] as const];
  });
}

/** Prometheus counts time in seconds. */
const seconds = (ns: number | null): number | null => (ns === null ? null : ns / 1e9);

/** The TSC's rate by each reference that there is. */
function frequencies({ calibrated }: AgentState): Line[] {
  if (calibrated === null) return [];
  const { result } = calibrated;
  const derived = { reference: result.clock, independent: text(result.independent) };
  const { trueRate } = result;
  return [
    [derived, nominalRate(result).hz],
    ...(trueRate === null
      ? []
      : [[{ reference: trueRate.reference, independent: 'true' }, trueRate.hz] as const]),
  ];
}

/** Deviations by pair and averaging time. */
const stabilityValues = (state: AgentState): Line[] =>
  state.stability.flatMap(({ clock, points }) => {
    const labels = pairLabels(state, clock);
    return points.flatMap(({ tauNs, oadev }) =>
      labels === null || oadev === null
        ? []
        : [[{ ...labels, tau_seconds: String(Number((tauNs / 1e9).toPrecision(9))) }, oadev] as const],
    );
  });

/** What the system says is asked for once for all metrics of a scrape, ms. */
const ASKED_MS = 1_000;
/** chronyd is asked again after this many ms where it did not answer: few hosts start it later. */
const CHRONY_AGAIN_MS = 60_000;

/** 1 or 0; null where it is not known. */
const numberOf = (flag: boolean | null | undefined): number | null => (flag == null ? null : Number(flag));

/** chronyd's tracking, or null; a host without one is asked seldom. */
function chronyReader(): () => Promise<ChronyTracking | null> {
  const kept = new KeptAnswers<ChronyTracking | null>(1);
  let silentUntil = 0;
  return () =>
    kept.get('', ASKED_MS, async () => {
      if (performance.now() < silentUntil) return null;
      const answer = await chronyTracking();
      if (!('reason' in answer)) return answer;
      silentUntil = performance.now() + CHRONY_AGAIN_MS;
      return null;
    });
}

/** The metrics, and who has to be told of each sample. */
export interface Metrics {
  readonly registry: client.Registry;
  /** How late a sample was taken, ns. */
  observe(lateNs: number): void;
}

/** Metrics whose values are what `view` says when they are scraped. */
export function createMetrics({ state, health, storeBytes, liveClients }: MetricsView): Metrics {
  const registry = new Registry();
  const { gauge, counter } = metricsIn(registry);
  /** Gauges of one thing that is asked for, absent where it does not answer. */
  const gaugesOf = <Source>(
    rows: ReadonlyArray<Row<Source>>,
    ask: () => Source | null | Promise<Source | null>,
  ): void => {
    for (const [name, help, read, labels] of rows) {
      const reading = async () => {
        const source = await ask();
        return source === null ? null : read(source);
      };
      gauge(name, help, reading, labels);
    }
  };

  gauge(
    'tscope_build_info',
    'A constant 1, labelled by the version.',
    () => [[{ version, node: process.version }, 1]],
    ['version', 'node'],
  );
  gauge(
    'tscope_clocksource_info',
    "A constant 1, labelled by the kernel's clocksource and whether it is the TSC in another form.",
    () => {
      if (state.calibrated === null) return [];
      const { clocksource, derivedFromTsc } = state.calibrated;
      return [[{ clocksource: clocksource ?? 'unknown', derived_from_tsc: text(derivedFromTsc) }, 1]];
    },
    ['clocksource', 'derived_from_tsc'],
  );
  gauge(
    'tscope_tsc_frequency_hertz',
    'Rate of the TSC as the reference clock counts seconds, at the last calibration.',
    () => frequencies(state),
    ['reference', 'independent'],
  );
  gauge(
    'tscope_tsc_frequency_standard_error_ratio',
    'Standard error of the last calibration.',
    () => state.calibrated?.result.standardErrorRatio,
  );
  gauge(
    'tscope_clock_frequency_offset_ratio',
    "The clock's rate against the reference, less 1, over the last 60 samples; 1e-6 is one ppm.",
    () => eachPair(state, ({ rateRatio }) => rateRatio),
    PAIR,
  );
  gauge(
    'tscope_clock_frequency_offset_standard_error_ratio',
    'Standard error of tscope_clock_frequency_offset_ratio.',
    () => eachPair(state, ({ rateStandardError }) => rateStandardError),
    PAIR,
  );
  gauge(
    'tscope_clock_offset_seconds',
    'How far the clock has moved against the reference since the agent began to sample, steps included.',
    () => eachPair(state, ({ ns }) => seconds(ns)),
    PAIR,
  );
  gauge(
    'tscope_clock_offset_bound_seconds',
    'Hard bound of the error of tscope_clock_offset_seconds.',
    () => eachPair(state, ({ boundNs }) => seconds(boundNs)),
    PAIR,
  );
  gauge(
    'tscope_clock_adev_ratio',
    'Overlapping Allan deviation of the clock against the reference since the agent began to sample, without what steps touch.',
    () => stabilityValues(state),
    [...PAIR, 'tau_seconds'],
  );
  counter(
    'tscope_clock_events_total',
    'Events found, by kind and by the clock that they are about; `host` where they are about all of it.',
    () =>
      Object.entries(state.events).flatMap(([kind, clocks]) =>
        Array.from(clocks, ([clock, count]) => [{ kind, clock }, count] as const),
      ),
    ['kind', 'clock'],
  );
  gaugesOf(KERNEL_CLOCK, kernelClock);
  gaugesOf(CHRONY, chronyReader());
  gauge(
    'tscope_tsc_unstable',
    '1 where the kernel no longer offers the TSC as a clocksource although the CPU calls it invariant: it has marked it unstable. 0 where it offers it.',
    () => numberOf(state.calibrated?.tscUnstable),
  );
  const lateness = new Histogram({
    name: 'tscope_sample_lateness_seconds',
    help:
      'How late the sampling thread, asleep until its moment, was woken: at real-time priority 1 where the agent may have ' +
      'it, as an ordinary thread of short turns otherwise.',
    buckets: LATENESS_BOUNDS,
    registers: [registry],
  });
  counter(
    'tscope_samples_total',
    'Samples taken of all pairs together: stored, pending or dropped.',
    () => state.samples,
  );
  counter(
    'tscope_samples_rejected_total',
    'Clock reads rejected (wide_window, cpu_changed) and samples not taken because the thread was late (late).',
    () => [
      [{ reason: 'wide_window' }, state.rejected.wide],
      [{ reason: 'cpu_changed' }, state.rejected.moved],
      [{ reason: 'late' }, state.missed],
    ],
    ['reason'],
  );
  gauge('tscope_last_sample_timestamp_seconds', 'When the last sample was taken.', () =>
    state.sample === null ? null : state.sample.atMs / 1000,
  );
  gauge('tscope_healthy', '1 where sampling and the store both work, else 0.', () =>
    health().status === 'ok' ? 1 : 0,
  );
  gauge('tscope_store_up', '1 where samples can be stored, else 0.', () => (health().store.ok ? 1 : 0));
  counter('tscope_store_failures_total', 'Failed attempts to store.', () => health().store.failures);
  counter(
    'tscope_store_stored_samples_total',
    'Samples that the store has taken.',
    () => health().samples.stored,
  );
  gauge(
    'tscope_store_pending_samples',
    'Samples that wait in memory to be stored.',
    () => health().samples.waiting,
  );
  counter(
    'tscope_store_dropped_samples_total',
    'Samples given up: too many waited (overflow), the store took others but not this one (refused), no reading was accepted (rejected), the agent ended (ended).',
    () => Object.entries(health().samples.dropped).map(([reason, count]) => [{ reason }, count]),
    ['reason'],
  );
  gauge('tscope_store_size_bytes', 'Size of the store in use.', storeBytes);
  const rows = (counts: Readonly<Record<string, number>> | undefined): Line[] =>
    Object.entries(counts ?? {}).map(([kind, count]) => [{ kind }, count]);
  gauge('tscope_hub_up', 'With --hub: 1 where the hub takes what is sent, else 0.', () =>
    numberOf(health().hub?.ok),
  );
  counter('tscope_hub_batches_total', 'Messages that the hub has acknowledged.', () => health().hub?.batches);
  counter('tscope_hub_failures_total', 'Failed attempts to send to the hub.', () => health().hub?.failures);
  counter(
    'tscope_hub_shipped_rows_total',
    'Rows that the hub has acknowledged.',
    () => rows(health().hub?.shipped),
    ['kind'],
  );
  gauge(
    'tscope_hub_waiting_rows',
    'Rows of the store that the hub does not have yet.',
    () => rows(health().hub?.waiting),
    ['kind'],
  );
  counter(
    'tscope_hub_lost_rows_total',
    'Rows that retention took before the hub had them.',
    () => rows(health().hub?.lost),
    ['kind'],
  );
  gauge('tscope_live_clients', 'Browsers that follow the live stream.', liveClients);
  counter('process_cpu_seconds_total', 'User and system CPU time spent.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge('process_resident_memory_bytes', 'Resident memory size.', () => process.memoryUsage.rss());
  gauge(
    'process_start_time_seconds',
    'When the process started.',
    () => (Date.now() - performance.now()) / 1000,
  );
  return { registry, observe: (lateNs) => lateness.observe(lateNs / 1e9) };
}
