import { TscopeError } from '../../errors.ts';
import { clocksFacts } from '../../host/clocks.ts';
import { clocksourceFacts } from '../../host/clocksource.ts';
import { cpuFacts } from '../../host/cpu.ts';
import { unknown } from '../../host/fact.ts';
import { hostIdentity } from '../../host/identity.ts';
import { kvmFacts } from '../../host/kvm.ts';
import { osFacts } from '../../host/os.ts';
import { schedulingFacts } from '../../host/scheduling.ts';
import { hostSummary } from '../../host/summary.ts';
import { tscFacts } from '../../host/tsc.ts';
import { virtualizationFacts } from '../../host/virtualization.ts';
import type { AgentNow, AgentStability } from '../../schema/agent-api.ts';
import { schemaId } from '../../schema/envelope.ts';
import type { HostFacts } from '../../schema/host.ts';
import type { Store } from '../../store/store.ts';
import { version } from '../../version.ts';
import { jsonReply } from '../http/reply.ts';
import type { Handler } from '../http/server.ts';
import { onlyParameters, stepOf, timeRange } from './query.ts';
import { runsIn } from './runs.ts';
import { eventsIn, samplesIn } from './samples.ts';

/** What the API answers from. */
export interface ApiView {
  readonly startedAt: Date;
  now(): AgentNow;
  stability(): AgentStability;
  /** Null where the store cannot be opened. */
  store(): Store | null;
}

/** The host's facts stay what they are for a while; reading them takes milliseconds. */
const FACTS_MS = 60_000;

/** The facts that need no child process. */
const readFacts = (): HostFacts => ({
  cpu: cpuFacts(),
  tsc: tscFacts(),
  virtualization: virtualizationFacts(),
  clocksource: clocksourceFacts(),
  clocks: clocksFacts(),
  kvm: kvmFacts(),
  scheduling: schedulingFacts(),
  os: osFacts(),
  names: unknown('the agent starts no programs to ask for names'),
});

function cachedFacts(): () => HostFacts {
  let facts: HostFacts | null = null;
  let readAt = 0;
  return () => {
    if (facts === null || performance.now() - readAt > FACTS_MS) {
      facts = readFacts();
      readAt = performance.now();
    }
    return facts;
  };
}

/** The JSON API, by path. */
export function apiRoutes(view: ApiView): Map<string, Handler> {
  const facts = cachedFacts();
  const { key } = hostIdentity();
  const document = (kind: string, result: unknown, host: object = {}) =>
    jsonReply({
      schema: schemaId(kind),
      tool: { name: 'tscope', version },
      startedAt: view.startedAt.toISOString(),
      ...host,
      warnings: [],
      result,
    });
  const store = (): Store => {
    const opened = view.store();
    if (opened === null) throw new TscopeError('IO', 'The store cannot be opened; /healthz says why.');
    return opened;
  };
  const withoutParameters =
    (handler: () => ReturnType<Handler>): Handler =>
    (query) => {
      onlyParameters(query);
      return handler();
    };
  return new Map<string, Handler>([
    ['/api/v1/now', withoutParameters(() => document('agent-now', view.now()))],
    ['/api/v1/host', withoutParameters(() => document('host', facts(), { host: hostSummary() }))],
    ['/api/v1/runs', withoutParameters(() => document('agent-runs', runsIn(store())))],
    ['/api/v1/stability', withoutParameters(() => document('agent-stability', view.stability()))],
    [
      '/api/v1/samples',
      (query) => {
        onlyParameters(query, 'from', 'to', 'step');
        const range = timeRange(query);
        return document('agent-samples', samplesIn(store(), key, range, stepOf(query, range)));
      },
    ],
    [
      '/api/v1/events',
      (query) => {
        onlyParameters(query, 'from', 'to');
        return document('agent-events', eventsIn(store(), key, timeRange(query)));
      },
    ],
  ]);
}
