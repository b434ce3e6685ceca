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
import type { AgentNow } from '../../schema/agent-api.ts';
import type { HostFacts } from '../../schema/host.ts';
import { schemaId } from '../../schema/words.ts';
import { floorTo } from '../../store/buckets.ts';
import { version } from '../../version.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { Handler } from '../http/server.ts';
import { cachedFor, KeptAnswers } from '../kept-answers.ts';
import type { TimeRange } from '../storing/messages.ts';
import type { Question, StoreQueue } from '../storing/store-queue.ts';
import type { Calls } from '../storing/thread.ts';
import { onlyParameters, recordStep, stepOf, timeRange } from './query.ts';

/** What the API answers from. */
export interface ApiView {
  readonly startedAt: Date;
  now(): AgentNow;
  readonly store: Pick<StoreQueue, 'read'>;
}

/** Answers of the store that are kept: a month of three pairs has 200 kB. */
const MOST_KEPT = 8;
/** Answers without a step of their own are kept for this many ms. */
const KEPT_MS = 1_000;
/** However long its step, an answer is never older, ms. */
const OLDEST_MS = 30_000;

/** The stability of a range changes slowly, ms. */
const STABILITY_MS = 10_000;

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

/** Whole steps: everybody who looks at the last hour asks for the same one. */
function alignedTo(stepNs: bigint, { fromNs, toNs }: TimeRange): TimeRange {
  return { fromNs: floorTo(fromNs, stepNs), toNs: floorTo(toNs + stepNs - 1n, stepNs) };
}

/** The JSON API, by path. */
export function apiRoutes(view: ApiView): Map<string, Handler> {
  const facts = cachedFor(FACTS_MS, readFacts);
  const { key: hostKey } = hostIdentity();
  const envelope = (kind: string, host: object = {}) => ({
    schema: schemaId(kind),
    tool: { name: 'tscope', version },
    startedAt: view.startedAt.toISOString(),
    ...host,
    warnings: [],
  });
  const document = (kind: string, result: unknown, host: object = {}) =>
    jsonReply({ ...envelope(kind, host), result });
  const kept = new KeptAnswers<Reply>(MOST_KEPT);
  const stored = <Name extends Question>(forMs: number, name: Name, ...values: Parameters<Calls[Name]>) => {
    const key = JSON.stringify([name, ...values], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    return kept.get(key, forMs, async () => {
      const head = JSON.stringify(envelope(`agent-${name}`));
      const body = `${head.slice(0, -1)},"result":${await view.store.read(name, ...values)}}\n`;
      return { ...jsonReply(null), body: Buffer.from(body) };
    });
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
    ['/api/v1/runs', withoutParameters(() => stored(KEPT_MS, 'runs'))],
    [
      '/api/v1/samples',
      (query) => {
        onlyParameters(query, 'from', 'to', 'step');
        const asked = timeRange(query);
        const stepNs = stepOf(query, asked);
        const range = alignedTo(stepNs, asked);
        const forMs = Math.min(OLDEST_MS, Number(stepNs) / 1e6);
        return stored(forMs, 'samples', hostKey, range, stepNs);
      },
    ],
    [
      '/api/v1/stability',
      (query) => {
        onlyParameters(query, 'from', 'to');
        const asked = timeRange(query);
        const stepNs = recordStep(asked, BigInt(view.now().intervalNs));
        const range = alignedTo(stepNs, asked);
        return stored(STABILITY_MS, 'stability', hostKey, range, stepNs);
      },
    ],
    [
      '/api/v1/events',
      (query) => {
        onlyParameters(query, 'from', 'to');
        const range = alignedTo(1_000_000_000n, timeRange(query));
        return stored(KEPT_MS, 'events', hostKey, range);
      },
    ],
  ]);
}
