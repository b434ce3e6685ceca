import type {
  AgentEvents,
  AgentNow,
  AgentRuns,
  AgentSamples,
  AgentStability,
} from '../../schema/agent-api.ts';

interface Results {
  readonly now: AgentNow;
  readonly runs: AgentRuns;
  readonly samples: AgentSamples;
  readonly events: AgentEvents;
  readonly stability: AgentStability;
}

/** Asks the agent. @throws Error with the agent's own sentence. */
export async function ask<K extends keyof Results>(
  path: K,
  query: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Results[K]> {
  const words = new URLSearchParams(query).toString();
  const response = await fetch(`/api/v1/${path}${words === '' ? '' : `?${words}`}`, signal ? { signal } : {});
  const document = (await response.json()) as { result: Results[K]; error?: string };
  if (!response.ok) throw new Error(document.error ?? `the agent answered ${response.status}`);
  return document.result;
}
